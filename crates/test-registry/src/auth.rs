//! Who may do what: open, basic, or bearer tokens with scopes.
//!
//! A token carries its serial number and its scopes in the clear, so that a registry accepts the
//! tokens of another one: what a test wants of a separate token server.

use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::{AtomicU64, Ordering},
};

use axum::http::{
    HeaderMap, Method, Uri,
    header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE},
};
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::reply::Reply;

static SERIAL: AtomicU64 = AtomicU64::new(1);

/// How a registry that asks for bearer tokens issues and judges them.
#[derive(Debug, Clone)]
pub struct Tokens {
    realm: Option<String>,
    service: String,
    user: Option<(String, String)>,
    anonymous: bool,
    identity: Option<String>,
    expires_in: Option<u64>,
    uses: Option<u32>,
    field: &'static str,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            realm: None,
            service: "test-registry".to_owned(),
            user: None,
            anonymous: true,
            identity: None,
            expires_in: Some(300),
            uses: None,
            field: "token",
        }
    }
}

impl Tokens {
    /// Tokens for everyone, from `/token` of the same registry, good for five minutes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends clients to this URL for a token.
    pub fn realm(self, realm: &str) -> Self {
        Self { realm: Some(realm.to_owned()), ..self }
    }

    /// Names the service so.
    pub fn service(self, service: &str) -> Self {
        Self { service: service.to_owned(), ..self }
    }

    /// Knows this user; without a name and password a token only lets pull.
    pub fn user(self, user: &str, password: &str) -> Self {
        Self { user: Some((user.to_owned(), password.to_owned())), ..self }
    }

    /// Gives no token to who says no name.
    pub fn without_anonymous(self) -> Self {
        Self { anonymous: false, ..self }
    }

    /// Takes this identity token by POST; without one, POST answers 404.
    pub fn identity(self, token: &str) -> Self {
        Self { identity: Some(token.to_owned()), ..self }
    }

    /// Says this in `expires_in`, or nothing.
    pub fn expires_in(self, seconds: Option<u64>) -> Self {
        Self { expires_in: seconds, ..self }
    }

    /// Lets each token be used so many times and calls it expired then.
    pub fn uses(self, uses: u32) -> Self {
        Self { uses: Some(uses), ..self }
    }

    /// Puts the token into this field; the other of `token` and `access_token` is empty.
    pub fn field(self, field: &'static str) -> Self {
        Self { field, ..self }
    }
}

/// The rule in force, and what became of its tokens.
#[derive(Default)]
pub(crate) struct Auth {
    rule: Rule,
    floor: u64,
    used: HashMap<String, u32>,
}

#[derive(Default)]
enum Rule {
    #[default]
    Open,
    Basic(String),
    Tokens(Tokens),
}

/// What a request needs.
pub(crate) struct Need {
    /// As `repository:NAME`.
    pub(crate) resource: String,
    pub(crate) action: &'static str,
}

impl Auth {
    pub(crate) fn basic(user: &str, password: &str) -> Self {
        Self { rule: Rule::Basic(basic(user, password)), ..Self::default() }
    }

    pub(crate) fn tokens(tokens: Tokens) -> Self {
        Self { rule: Rule::Tokens(tokens), ..Self::default() }
    }

    pub(crate) fn expire(&mut self) {
        self.floor = SERIAL.load(Ordering::Relaxed);
    }

    /// `None` if the request may pass, else the answer that refuses it.
    pub(crate) fn refuse(&mut self, headers: &HeaderMap, need: Option<&Need>) -> Option<Reply> {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let problem = match &self.rule {
            Rule::Open => return None,
            Rule::Basic(expected) if given == Some(expected) => return None,
            Rule::Basic(_) => None,
            Rule::Tokens(tokens) => {
                let uses = tokens.uses;
                match given.and_then(|given| given.strip_prefix("Bearer ")) {
                    None => None,
                    Some(token) => match self.judge(token, uses, need) {
                        Ok(()) => return None,
                        Err(problem) => Some(problem),
                    },
                }
            }
        };
        Some(self.challenge(headers, need, problem))
    }

    /// Whether this token lets pull from `repository`, which a mount from it needs.
    pub(crate) fn may_pull(&self, headers: &HeaderMap, repository: &str) -> bool {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let need = Need { resource: format!("repository:{repository}"), action: "pull" };
        match &self.rule {
            Rule::Open | Rule::Basic(_) => true,
            Rule::Tokens(_) => given
                .and_then(|given| given.strip_prefix("Bearer "))
                .and_then(read)
                .is_some_and(|(_, scopes)| covers(&scopes, &need)),
        }
    }

    fn judge(
        &mut self,
        token: &str,
        uses: Option<u32>,
        need: Option<&Need>,
    ) -> Result<(), &'static str> {
        let (serial, scopes) = read(token).ok_or("invalid_token")?;
        let used = self.used.entry(token.to_owned()).or_default();
        *used += 1;
        if serial < self.floor || uses.is_some_and(|uses| *used > uses) {
            return Err("invalid_token");
        }
        if need.is_some_and(|need| !covers(&scopes, need)) {
            return Err("insufficient_scope");
        }
        Ok(())
    }

    /// 401 with the challenge of the rule in force.
    pub(crate) fn challenge(
        &self,
        headers: &HeaderMap,
        need: Option<&Need>,
        problem: Option<&str>,
    ) -> Reply {
        let refused = Reply::error(401, "UNAUTHORIZED", "authentication required");
        let Rule::Tokens(tokens) = &self.rule else {
            return refused.with(WWW_AUTHENTICATE, "Basic realm=\"test-registry\"");
        };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("unknown");
        let realm = tokens.realm.clone().unwrap_or_else(|| format!("http://{host}/token"));
        let mut challenge = format!("Bearer realm=\"{realm}\",service=\"{}\"", tokens.service);
        if let Some(Need { resource, action }) = need {
            let actions = if *action == "push" { "pull,push" } else { action };
            challenge.push_str(&format!(",scope=\"{resource}:{actions}\""));
        }
        if let Some(problem) = problem {
            challenge.push_str(&format!(",error=\"{problem}\""));
        }
        refused.with(WWW_AUTHENTICATE, &challenge)
    }

    /// The token endpoint: GET with basic or nothing, POST with an identity token or a password.
    pub(crate) fn issue(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Reply {
        let defaults = Tokens::default();
        let tokens = if let Rule::Tokens(tokens) = &self.rule { tokens } else { &defaults };
        let refused = || Reply::error(401, "UNAUTHORIZED", "no token for you");
        let form: Vec<(String, String)> = match *method {
            Method::POST if tokens.identity.is_none() => return Reply::new(404),
            Method::POST => url::form_urlencoded::parse(body).into_owned().collect(),
            _ => url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        };
        let known = match *method {
            Method::POST => Some(tokens.knows_form(&form)),
            _ => headers.get(AUTHORIZATION).map(|given| {
                let known = tokens.user.as_ref().map(|(user, password)| basic(user, password));
                known.is_none_or(|known| given.as_bytes() == known.as_bytes())
            }),
        };
        if known == Some(false) || (known.is_none() && !tokens.anonymous) {
            return refused();
        }
        let pull_only = known.is_none() && tokens.user.is_some();
        let token = token(&form, pull_only);
        let mut answer = serde_json::json!({"token": "", "access_token": ""});
        answer[tokens.field] = token.into();
        if let Some(seconds) = tokens.expires_in {
            answer["expires_in"] = seconds.into();
        }
        Reply::new(200).json(&answer)
    }
}

impl Tokens {
    fn knows_form(&self, form: &[(String, String)]) -> bool {
        let field =
            |name: &str| form.iter().find(|(found, _)| found == name).map(|(_, value)| value);
        match field("grant_type").map(String::as_str) {
            Some("refresh_token") => field("refresh_token") == self.identity.as_ref(),
            Some("password") => match (&self.user, field("username"), field("password")) {
                (Some((user, password)), Some(u), Some(p)) => (user, password) == (u, p),
                _ => false,
            },
            _ => false,
        }
    }
}

fn token(form: &[(String, String)], pull_only: bool) -> String {
    let scopes = form.iter().filter(|(name, _)| name == "scope").map(|(_, value)| value.as_str());
    let granted: BTreeSet<String> = scopes
        .flat_map(|scopes| scopes.split(' '))
        .filter(|scope| !scope.is_empty())
        .map(|scope| match scope.rsplit_once(':') {
            Some((resource, _)) if pull_only => format!("{resource}:pull"),
            _ => scope.to_owned(),
        })
        .collect();
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let scopes: Vec<String> = granted.into_iter().collect();
    format!("t{serial}.{}", BASE64_URL_SAFE_NO_PAD.encode(scopes.join(" ")))
}

fn read(token: &str) -> Option<(u64, String)> {
    let (serial, scopes) = token.strip_prefix('t')?.split_once('.')?;
    let scopes = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(scopes).ok()?).ok()?;
    Some((serial.parse().ok()?, scopes))
}

fn covers(scopes: &str, need: &Need) -> bool {
    scopes.split(' ').filter_map(|scope| scope.rsplit_once(':')).any(|(resource, actions)| {
        resource == need.resource
            && actions.split(',').any(|action| action == need.action || action == "*")
    })
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}
