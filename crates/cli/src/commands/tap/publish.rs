//! `pkg tap publish`

use std::path::Path;

use catalog::{Tap, edition::Moment};
use jiff::Timestamp;
use publish::tap::{self, Error};

use crate::{
    amount::count,
    commands::promote::place,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

/// Publishes the tap in `folder` as the next edition of `reference`.
pub(super) fn publish(session: &Session, folder: &Path, reference: &str) -> Result {
    let place = place(reference)?;
    let tap = Tap::folder(folder, None)?;
    let home = session.home()?;
    let outcome = match tap::publish(&home, &tap, &place, &now()?) {
        Err(Error::Broken { tap, reports }) => {
            session.progress.end();
            reports.iter().for_each(|report| session.printer.note(report.render(false)));
            let sentence = format!("tap `{tap}` has formulas that cannot be published");
            return Err(Failure::told(Exit::Failed, sentence).hint("`pkg check` shows them again"));
        }
        outcome => outcome?,
    };
    session.progress.end();
    let view = view::TapEdition::of(&outcome);
    let formulas = count(outcome.formulas, "formula");
    match outcome.new {
        true => session.printer.status(
            "Published",
            format_args!("tap {} as edition {} ({formulas})", tap.name(), outcome.serial),
        ),
        false => session.printer.status(
            "Unchanged",
            format_args!("tap {} since edition {} ({formulas})", tap.name(), outcome.serial),
        ),
    }
    match session.printer.is_json() {
        true => session.printer.json(&view),
        false => session.printer.answer(format_args!("{}@{}", view.reference, view.digest)),
    }
    Ok(())
}

/// The time, in whole seconds.
fn now() -> Result<Moment> {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Moment::parse(&now).map_err(|error| Failure::new(Exit::Bug, error))
}
