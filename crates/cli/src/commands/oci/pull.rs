//! `pkg oci pull`

use std::path::PathBuf;

use clap::Args;
use publish::files::pull::{self, Order};

use super::{
    content::given,
    format::Format,
    target::{Target, plain, platform},
};
use crate::{
    amount::count,
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci pull ghcr.io/acme/foo:1.2.3 -o out", "each file where its title says, below `out`"),
    ("pkg oci pull -k ghcr.io/acme/foo:1.2.3", "replaces nothing that is there"),
]))]
pub struct Pull {
    #[command(flatten)]
    pub target: Target,
    /// The folder
    #[arg(long, short, value_name = "FOLDER", default_value = ".")]
    pub output: PathBuf,
    /// Refuse where a file would replace another
    #[arg(long, short)]
    pub keep_old_files: bool,
    /// Of an index, only the manifest for a platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,
    /// Write the config as well; with TYPE only one of it
    #[arg(long, value_name = "FILE[:TYPE]")]
    pub config: Option<String>,
    /// Pull what the artifact is about as well
    #[arg(long)]
    pub include_subject: bool,
    #[arg(long, short = 'T', hide = true)]
    allow_path_traversal: bool,
    #[command(flatten)]
    pub format: Format,
}

impl Pull {
    pub(super) fn run(self, session: &Session) -> Result {
        self.format.check()?;
        if self.allow_path_traversal {
            let sentence = "`--allow-path-traversal` of oras is not taken here";
            let hint = "`pkg oci blob get -o FILE` writes a file wherever you say";
            return Err(Failure::told(Exit::Usage, sentence).hint(hint));
        }
        let (place, registry) = self.target.open(session)?;
        let order = Order {
            output: self.output.clone(),
            platform: platform(self.platform.as_deref())?,
            keeps: self.keep_old_files,
            config: self.config.as_deref().map(given).transpose()?,
            with_subject: self.include_subject,
        };
        let tell = |event| session.progress.on(event);
        let outcome = pull::pull(&registry.home, &place, &order, &tell)?;
        session.progress.end();
        for (path, _) in &outcome.files {
            session.printer.status("Downloaded", shown(path));
        }
        session.printer.status("Pulled", plain(&place));
        if !outcome.skipped.is_empty() {
            let layers = count(outcome.skipped.len(), "blob");
            session.printer.hint(format_args!(
                "{layers} without a title left out; `pkg oci copy {} oci:FOLDER` takes everything",
                plain(&place)
            ));
        }
        let view = view::Pulled::of(&place, &outcome);
        self.format.answer(session, &view, || {
            session.printer.answer(format_args!("Digest: {}", outcome.descriptor.digest));
        })
    }
}
