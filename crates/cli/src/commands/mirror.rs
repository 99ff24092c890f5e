//! `pkg mirror`

use clap::Args;
use formula::{Libc, Platform};
use oci::Place;
use publish::{
    carry::with_libc,
    mirror::{self, Order, Outcome},
};

use super::promote::place;
use crate::{
    amount::{bytes, count},
    args::examples,
    complete,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg mirror acme oci://inside.example/acme/tap", "the tap, and every package that it names"),
    ("pkg mirror oci://ghcr.io/acme/tap oci:stick/acme", "into a folder, to be carried by hand"),
    ("pkg mirror acme oci://inside.example/acme/tap --platform linux-amd64", "of one platform"),
]))]
pub struct Mirror {
    /// A tap that was added, or oci://HOST/REPOSITORY
    #[arg(value_name = "TAP", add = complete::taps())]
    pub tap: String,
    /// oci://HOST/REPOSITORY, or oci:FOLDER for a layout
    #[arg(value_name = "TO")]
    pub to: String,
    /// Only packages for this platform; may be repeated
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Vec<Platform>,
    /// Another edition than the latest
    #[arg(long, value_name = "DATE|DIGEST|SERIAL")]
    pub as_of: Option<String>,
    /// Leave out what lies outside of registries, such as releases on GitHub
    #[arg(long)]
    pub skip_outside: bool,
    /// Look at every formula again, not only at those that changed
    #[arg(long)]
    pub all: bool,
}

impl Mirror {
    pub(crate) fn run(self, session: &Session) -> Result {
        let to = place(&self.to)?;
        let (from, seen) = self.source(session)?;
        let platforms = self.platform.iter();
        let platforms = platforms.flat_map(|platform| with_libc(*platform, Libc::ALL));
        let mut platforms: Vec<Platform> = platforms.collect();
        platforms.sort_by_key(ToString::to_string);
        platforms.dedup();
        let as_of = self.as_of.as_deref().map(super::tap::as_of).transpose()?;
        let Self { skip_outside, all, .. } = self;
        let order = Order { as_of, platforms, skip_outside, all, seen };
        let outcome = mirror::mirror(&session.home()?, &from, &to, &order)?;
        session.progress.end();
        tell(session, &outcome);
        if session.printer.is_json() {
            session.printer.json(&view::Mirror::of(&outcome));
        }
        if outcome.missing.is_empty() {
            return Ok(());
        }
        let sentence = "what is named above is not in the mirror, which stays at its last edition";
        let failure = Failure::told(Exit::Failed, sentence);
        Err(match skip_outside {
            true => failure,
            false => failure.hint("`--skip-outside` leaves out what lies outside of registries"),
        })
    }

    /// Where the tap is, and the newest serial of it that was ever seen.
    fn source(&self, session: &Session) -> Result<(Place, Option<u64>)> {
        if self.tap.contains(':') {
            return Ok((place(&self.tap)?, None));
        }
        let taps = session.taps()?;
        let tap = taps.tap(&self.tap)?;
        let Some(subscription) = tap.subscription() else {
            let sentence =
                format!("tap `{}` is in no registry, so it cannot be mirrored", self.tap);
            let hint = match tap.path() {
                Some(_) => "`pkg tap publish FOLDER oci://HOST/REPOSITORY` puts it there",
                None => "`[mirror]` of config.toml says from where its archives come",
            };
            return Err(Failure::told(Exit::Usage, sentence).hint(hint));
        };
        Ok((place(&subscription.location)?, Some(subscription.seen.serial)))
    }
}

fn tell(session: &Session, outcome: &Outcome) {
    let Outcome { tap, place, serial, published, figures, .. } = outcome;
    for left in &outcome.skipped {
        session.printer.note(format_args!("not mirrored: {} from {}", left.named, left.place));
    }
    for missing in &outcome.missing {
        let (named, place, why) = (&missing.named, &missing.place, missing.why());
        let why = why.unwrap_or_default();
        session.printer.warning(format_args!("not mirrored: {named} from {place}: {why}"));
    }
    let Some(formulas) = outcome.formulas else {
        let edition = format_args!("tap {tap} at {place} since edition {serial} of {published}");
        return session.printer.status("Unchanged", edition);
    };
    if outcome.missing.is_empty() {
        let edition = format_args!("tap {tap} as edition {serial} of {published} to {place}");
        session.printer.status("Mirrored", edition);
    }
    let looked_at = count(formulas, "formula");
    let artifacts = count(figures.artifacts, "artifact");
    let archives = count(figures.archives, "archive");
    session.printer.note(format_args!(
        "{} of {looked_at} looked at: {artifacts} and {archives} new, {} there before; {} sent",
        outcome.looked_at,
        figures.present,
        bytes(figures.sent_bytes)
    ));
}
