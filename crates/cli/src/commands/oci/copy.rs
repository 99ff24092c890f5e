//! `pkg oci copy`

use clap::Args;
use oci::copy::{Options, Platforms, Referrers};

use super::{
    connection::Connection,
    target::{place, plain, platform, tagged},
};
use crate::{amount::bytes, args::examples, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci copy ghcr.io/acme/foo:1.2.3 registry.example/foo:1.2.3,latest", "under two tags"),
    ("pkg oci copy -r ghcr.io/acme/foo:1.2.3 oci-archive:foo.tar:1.2.3", "with signatures"),
    ("pkg oci cp --to-oci-layout ghcr.io/acme/foo:1.2.3 foo:1.2.3", "as oras writes it"),
]))]
pub struct Copy {
    /// HOST/REPOSITORY[:TAG][@DIGEST]; oci:FOLDER[:TAG] or oci-archive:FILE[:TAG] for a layout
    #[arg(value_name = "FROM")]
    pub from: String,
    /// The same; without a tag it is found by its digest
    #[arg(value_name = "TO")]
    pub to: String,
    /// Copy signatures and whatever else refers to it as well
    #[arg(long, short)]
    pub recursive: bool,
    /// Of an index, copy only the manifest for a platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,
    /// FROM is FOLDER[:TAG] or FILE[:TAG] of an image layout
    #[arg(long)]
    pub from_oci_layout: bool,
    /// TO is FOLDER[:TAG] of an image layout
    #[arg(long)]
    pub to_oci_layout: bool,
    /// The image layout that FROM is a name in
    #[arg(long, value_name = "PATH", conflicts_with = "from_oci_layout")]
    pub from_oci_layout_path: Option<String>,
    /// The image layout that TO is a name in
    #[arg(long, value_name = "PATH", conflicts_with = "to_oci_layout")]
    pub to_oci_layout_path: Option<String>,
    /// Speak plain HTTP to the registry of FROM
    #[arg(long)]
    pub from_plain_http: bool,
    /// Speak plain HTTP to the registry of TO
    #[arg(long)]
    pub to_plain_http: bool,
    #[command(flatten)]
    pub connection: Connection,
}

impl Copy {
    pub(super) fn run(self, session: &Session) -> Result {
        let from = place(&self.from, self.from_oci_layout, self.from_oci_layout_path.as_deref())?;
        let (to, further) =
            tagged(&self.to, self.to_oci_layout, self.to_oci_layout_path.as_deref())?;
        let all = self.connection.plain_http;
        let plain_http = [(&from, self.from_plain_http), (&to, self.to_plain_http)];
        let plain_http: Vec<_> =
            plain_http.into_iter().filter(|(_, plain)| all || *plain).map(|it| it.0).collect();
        let registry = self.connection.open_with(session, &plain_http)?;
        let platforms = platform(self.platform.as_deref())?.map_or(Platforms::All, Platforms::One);
        let referrers = self.recursive.then(Referrers::default);
        let options = Options { platforms, referrers };
        let copied = registry.ask(async |client| {
            let copied = client.copy(&from, &to, &options).await?;
            if !further.is_empty() {
                let here = to.bare().with_digest(copied.root.digest.clone());
                let manifest = client.manifest(&here).await?;
                let further: Vec<&str> = further.iter().map(String::as_str).collect();
                client.push_tagged(&to.bare(), &manifest, &further).await?;
            }
            Ok(copied)
        })?;
        session.progress.end();
        let tags = to.tag().into_iter().chain(further.iter().map(String::as_str));
        let view = view::Copied::of(&to, &copied, tags);
        let sent = bytes(view.sent_bytes);
        session
            .printer
            .status("Copied", format_args!("{} to {} ({sent} sent)", plain(&from), plain(&to)));
        match session.printer.is_json() {
            true => session.printer.json(&view),
            false => session.printer.answer(format_args!("Digest: {}", view.content.digest)),
        }
        Ok(())
    }
}
