//! `pkg login --check`: which login is used, and what the registry says to it.

use install::login::Logins;
use oci::{Kind, Standing};

use crate::{
    failure::{Failure, Result},
    session::Session,
    table::Table,
    view,
};

pub(super) fn check(session: &Session, logins: &Logins, reference: &str) -> Result {
    let standing = logins.standing(reference)?;
    session.progress.end();
    for problem in &standing.problems {
        session.printer.warning(install::with_causes(problem));
    }
    let view = view::Standing::of(reference, &standing);
    match session.printer.is_json() {
        true => session.printer.json(&view),
        false => session.printer.table(&table(&view, &standing)),
    }
    judge(session, standing)
}

/// A login that is not taken is a failure, and so is one that does not help.
fn judge(session: &Session, standing: Standing) -> Result {
    if let Some(Err(error)) = standing.checked {
        return Err(Failure::of_login(error));
    }
    match standing.readable {
        Some(Err(error)) if error.kind() == Kind::NotFound => {
            let failure = Failure::from(error);
            session.printer.warning(failure.chain().join(": "));
            failure.hints.iter().for_each(|hint| session.printer.hint(hint));
            Ok(())
        }
        Some(readable) => readable.map_err(Failure::of_login),
        None => Ok(()),
    }
}

fn table(view: &view::Standing, standing: &Standing) -> Table {
    let mut table = Table::plain();
    table.field("Reference", view.reference.as_str());
    table.field("Asked at", view.mirror.clone().unwrap_or_default());
    let origin = standing.found.as_ref().map(|found| found.origin.to_string());
    table.field("Login", origin.unwrap_or_else(|| "none".to_owned()));
    if let Some(login) = &view.login {
        table.field("User", login.user.clone().unwrap_or_else(|| format!("an {}", login.kind)));
        table.field("Registry", taken(view, standing));
    }
    let readable = match (&standing.readable, view.readable) {
        (_, Some(true)) => "yes",
        (Some(Err(error)), _) if error.kind() == Kind::NotFound => "nothing is there",
        (Some(_), _) => "no",
        (None, _) => "",
    };
    table.field("Readable", readable);
    table
}

fn taken(view: &view::Standing, standing: &Standing) -> &'static str {
    match (view.taken, &standing.checked) {
        (Some(true), _) => "takes it",
        (Some(false), _) => "does not take it",
        (None, Some(Ok(_))) => "asks nobody for a login",
        (None, Some(Err(_))) => "cannot be asked",
        (None, None) => "was not asked by itself",
    }
}
