//! `pkg man`

use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man as Page;

use crate::{
    args::{self, examples},
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg man install", "a page, as roff: `pkg man install | man -l -`"),
    ("pkg man --out share/man/man1", "all pages, one file each"),
]))]
pub struct Man {
    /// The command; `pkg` itself when none is named
    pub command: Option<String>,
    /// Write every page into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self, session: &Session) -> Result {
        if let Some(folder) = &self.out {
            let pages = write_all(folder).map_err(|error| Failure::new(Exit::Failed, error))?;
            session.printer.status("Wrote", format_args!("{pages} pages to {}", folder.display()));
            return Ok(());
        }
        let mut command = args::command();
        command.build();
        let page = match &self.command {
            None => command,
            Some(name) => command.find_subcommand(name).cloned().ok_or_else(|| {
                Failure::told(Exit::Usage, format!("there is no command `{name}`"))
            })?,
        };
        session.printer.text(view::Text::new(roff(page)));
        Ok(())
    }
}

fn write_all(folder: &Path) -> std::io::Result<usize> {
    fs_err::create_dir_all(folder)?;
    let mut command = args::command();
    command.build();
    let mut pages = 1;
    fs_err::write(folder.join("pkg.1"), roff(command.clone()))?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        fs_err::write(folder.join(format!("pkg-{}.1", sub.get_name())), roff(sub.clone()))?;
        pages += 1;
    }
    Ok(pages)
}

fn roff(command: clap::Command) -> String {
    let mut page = Vec::new();
    let rendered = Page::new(command).render(&mut page);
    rendered.expect("memory takes every write");
    String::from_utf8(page).expect("the help texts are text")
}
