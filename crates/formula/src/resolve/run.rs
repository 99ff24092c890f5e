//! `[build]`, `[service]`, `[test]` and notices.

use super::{Resolving, depends};
use crate::{
    Build, FullName, Notice, Patch, PatchPlace, Service, Source, Test,
    formula::missing,
    model,
    path::check_relative,
    read::{Map, OneOrMany, Placed, Text},
    report::{Code, Finding},
    template::{Content, Phase, TemplateText},
    tree::At,
};

/// Leading folders that the names in a patch have, as git and quilt write them.
const STRIP: u32 = 1;

impl Resolving<'_> {
    /// The package's source and its `[build]`, which makes the package from what is `fetched`.
    pub(super) fn build(&mut self, fetched: Option<Source>) -> (Option<Source>, Option<Build>) {
        let Some(build) = &self.rules.build else { return (fetched, None) };
        let mut names = self.dependencies();
        names.extend(build.depends.iter().flat_map(Map::iter).map(|(name, _)| &name.value));
        if build.steps.as_ref().is_none_or(Vec::is_empty) {
            self.push(missing("steps", "steps = [\"make install …\"]", build.at));
        }
        let steps = build.steps.iter().flatten();
        let steps = steps.filter_map(|step| self.command(step, Phase::Build, &names)).collect();
        let env = self.env(build.env.as_ref(), Phase::Build, &names);
        let patches = build.patches.iter().flatten();
        let patches = patches.filter_map(|patch| self.patch(patch)).collect();
        let Some(source) = fetched else { return (None, None) };
        let what = match &source {
            Source::Http { urls, .. } => urls.first().cloned().unwrap_or_default(),
            Source::File { path, .. } | Source::Git { url: path, .. } => path.clone(),
            Source::Later { what, .. } => what.clone(),
            Source::Oci { reference, .. } | Source::Image { reference, .. } => reference.clone(),
            Source::Build { what } => what.clone(),
        };
        let made = Build {
            source,
            depends: depends::depends(build.depends.as_ref()),
            patches,
            steps,
            env,
            jobs: build.jobs,
        };
        (Some(Source::Build { what }), Some(made))
    }

    fn patch(&mut self, patch: &Placed<model::Patch>) -> Option<Patch> {
        if patch.digest.is_none() {
            self.push(
                Finding::new(Code::Unpinned, patch.at, "a patch without a digest")
                    .label("its bytes could be any")
                    .help("add `digest = \"sha256:…\"`"),
            );
        }
        let place = match (&patch.file, &patch.url) {
            (Some(file), None) => self.path(file).map(PatchPlace::File),
            (None, Some(url)) => self.url(url).map(PatchPlace::Url),
            _ => {
                self.push(
                    Finding::new(Code::Strategy, patch.at, "a patch is either a `file` or a `url`")
                        .label("not exactly one"),
                );
                None
            }
        };
        let digest = patch.digest.as_ref()?.value.clone();
        Some(Patch { place: place?, digest, strip: patch.strip.unwrap_or(STRIP) })
    }

    pub(super) fn service(&mut self) -> Option<Service> {
        let service = self.rules.service.as_ref()?;
        let names = self.dependencies();
        let run = match &service.run {
            Some(run) => self.command(run, Phase::Install, &names),
            None => {
                self.push(missing("run", "run = \"…\"", service.at));
                None
            }
        };
        if let Some(every) = &service.every
            && !is_interval(every)
        {
            let message = format!("`{}` is no interval", every.value);
            self.push(
                Finding::new(Code::Value, every.at, message)
                    .label("unknown")
                    .help("write a number and `s`, `m`, `h` or `d`, or the five fields of cron"),
            );
        }
        Some(Service {
            run: run.unwrap_or_default(),
            keep_alive: service.keep_alive.unwrap_or(false),
            every: service.every.as_ref().map(|every| every.value.clone()),
            env: self.env(service.env.as_ref(), Phase::Install, &names),
            cwd: service.cwd.as_ref().and_then(|cwd| self.located(cwd)),
            log: service.log.as_ref().and_then(|log| self.destination(log)),
            root: service.root.unwrap_or(false),
        })
    }

    pub(super) fn tests(&mut self) -> Vec<Test> {
        let tests = self.rules.test.iter().flat_map(OneOrMany::as_slice);
        tests.map(|test| self.test(test)).collect()
    }

    fn test(&mut self, test: &Placed<model::Test>) -> Test {
        let mut names = self.dependencies();
        names.extend(test.depends.iter().flat_map(Map::iter).map(|(name, _)| &name.value));
        let run = match &test.run {
            Some(run) => self.command(run, Phase::Install, &names),
            None => {
                self.push(missing("run", "run = \"…\"", test.at));
                None
            }
        };
        let mut text = |template: &Option<Content>| {
            let text = self.words.expand(template.as_ref()?, Phase::Install, &names);
            self.sink.take(text)
        };
        let (stdin, expect, matches) = (text(&test.stdin), text(&test.expect), text(&test.matches));
        let files = test.files.iter().flat_map(Map::iter).filter_map(|(path, content)| {
            let content = self.words.expand(content, Phase::Install, &names);
            Some((path.0.to_string(), self.sink.take(content)?))
        });
        Test {
            run: run.unwrap_or_default(),
            stdin,
            expect,
            matches,
            files: files.collect(),
            depends: depends::depends(test.depends.as_ref()),
        }
    }

    /// A command as its arguments. It is split first: what tokens stand for is never split.
    fn command(
        &mut self,
        template: &TemplateText,
        phase: Phase,
        depends: &[&FullName],
    ) -> Option<Vec<String>> {
        let text = self.words.expand(template, phase, depends);
        let text = self.sink.take(text)?;
        let arguments = shlex::split(&text).filter(|arguments| !arguments.is_empty());
        if arguments.is_none() {
            self.push(
                Finding::new(Code::Value, template.at, "not a command")
                    .label("empty, or a quote is not closed")
                    .help("write a program and its arguments; `'…'` and `\"…\"` keep blanks"),
            );
        }
        arguments
    }

    pub(super) fn notice(&mut self, notice: Option<&Placed<model::Notice>>) -> Option<Notice> {
        let notice = notice?;
        if notice.why.is_none() {
            self.push(missing("why", "why = \"…\"", notice.at));
        }
        if let Some(instead) = &notice.instead {
            self.sink.take(successor(instead).map(|_| ()));
        }
        let text = |text: &Text| text.value.clone();
        Some(Notice {
            since: notice.since.as_ref().map(|date| date.0.to_string()),
            why: notice.why.as_ref().map(text).unwrap_or_default(),
            instead: notice.instead.as_ref().map(text),
        })
    }

    /// A path that begins with one of the places of an installation.
    pub(super) fn located(&mut self, template: &TemplateText) -> Option<String> {
        let text = self.later(template, Phase::Install)?;
        let rest = match text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((_, "")) => return Some(text),
            Some((_, rest)) => rest.strip_prefix('/').unwrap_or("/"),
            None => &text,
        };
        self.below(rest, template.at)?;
        Some(text)
    }

    /// A path below `{etc}` or `{var}`: nothing else may be changed after installing.
    pub(super) fn destination(&mut self, template: &TemplateText) -> Option<String> {
        let text = self.later(template, Phase::Install)?;
        match text.strip_prefix("{etc}/").or_else(|| text.strip_prefix("{var}/")) {
            Some(rest) => self.below(rest, template.at)?,
            None => {
                self.push(
                    Finding::new(
                        Code::Path,
                        template.at,
                        "only `{etc}` and `{var}` may be changed",
                    )
                    .label("is elsewhere")
                    .help("begin the path with `{etc}/` or `{var}/`"),
                );
                return None;
            }
        }
        Some(text)
    }

    /// The rest of a path after its first token: literal, and below it.
    fn below(&mut self, rest: &str, at: At) -> Option<()> {
        self.sink.take(check_relative(rest, at))?;
        if rest.replace("{{", "").contains('{') {
            self.push(
                Finding::new(Code::Path, at, "a place stands inside a path")
                    .label("`{…}` begins a path")
                    .help("write one of `{prefix}`, `{keg}`, `{etc}`, `{var}`, `{dep:…}` in front"),
            );
            return None;
        }
        Some(())
    }
}

/// The package that a notice recommends, and its slot or constraint.
pub(crate) fn successor(instead: &Text) -> Result<(FullName, Option<&str>), Finding> {
    let (name, line) = match instead.split_once('@') {
        Some((name, line)) => (name, Some(line)),
        None => (instead.as_str(), None),
    };
    let name = name.parse::<FullName>().map_err(|error| {
        Finding::new(Code::Name, instead.at, error.to_string())
            .label("names no package")
            .help("write a name, with `@` and a slot where that is needed: `openssl@3`")
    })?;
    Ok((name, line))
}

fn is_interval(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let field = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"*,-/".contains(&b))
    };
    match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(count) => number(count) && count.len() <= 6 && count.bytes().any(|b| b != b'0'),
        None => text.split(' ').count() == 5 && text.split(' ').all(field),
    }
}
