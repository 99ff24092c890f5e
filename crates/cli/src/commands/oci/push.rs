//! `pkg oci push`

use clap::{Args, ValueEnum};
use oci::Pushed;
use publish::files::{
    chart::{self, Chart},
    pack::Order,
    push::{self, Outcome},
};

use super::{
    content::{Content, given},
    format::Format,
    target::{Target, plain, platform},
};
use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci push ghcr.io/acme/foo:1.2.3,latest foo.txt:text/plain", "a file under two tags"),
    ("pkg oci push ghcr.io/acme/foo:1.2.3 share --reproducible", "a folder, as one layer"),
    ("pkg oci push ghcr.io/acme/charts/foo foo-1.2.3.tgz", "a packed Helm chart, as Helm pushes it"),
    ("pkg oci push oci:foo:1.2.3 foo.txt --artifact-type application/vnd.acme.foo", "into a layout"),
]))]
pub struct Push {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub content: Content,
    /// The platform that the artifact is for
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", conflicts_with = "config")]
    pub artifact_platform: Option<String>,
    /// The version of the specification that says where the artifact's type stands
    #[arg(long, value_name = "VERSION")]
    pub image_spec: Option<ImageSpec>,
    #[command(flatten)]
    pub format: Format,
}

/// Where an artifact's type stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImageSpec {
    /// It is that of the config.
    #[value(name = "v1.0")]
    V1_0,
    /// It stands by itself.
    #[value(name = "v1.1")]
    V1_1,
}

impl Push {
    pub(super) fn run(self, session: &Session) -> Result {
        self.format.check()?;
        let (mut place, further) = self.target.tagged()?;
        let chart = self.chart()?;
        if let Some(chart) = &chart {
            let what = format_args!("Helm chart {} {}", chart.name, chart.version);
            session.printer.status("Recognised", what);
            if place.tag().is_none() && place.digest().is_none() {
                let tagged = place.with_tag(&chart.tag());
                place = tagged.map_err(|error| Failure::new(Exit::Usage, error))?;
            }
        }
        let registry = self.target.connection.open(session, &[&place])?;
        let is_v1_0 = self.is_v1_0()?;
        let platform = platform(self.artifact_platform.as_deref())?;
        let order = Order { platform, is_v1_0, chart, ..Order::default() };
        let packed = self.content.pack(session, &registry, None, order)?;
        let outcome = push::push(&registry.home, &place, &further, &packed)?;
        session.progress.end();
        self.content.export(&packed)?;
        tell(session, &outcome);
        session.printer.status("Pushed", plain(&place));
        if !further.is_empty() {
            session.printer.status("Tagged", further.join(", "));
        }
        let tags = place.tag().into_iter().chain(further.iter().map(String::as_str));
        let view = view::Stored::of(&place, &outcome.descriptor).tagged(&place, tags);
        self.format.answer(session, &view, || {
            session.printer.answer(format_args!("ArtifactType: {}", packed.artifact_type));
            session.printer.answer(format_args!("Digest: {}", outcome.descriptor.digest));
        })
    }

    /// What the only file is, where that is a packed chart and nobody says that it is something
    /// else.
    fn chart(&self) -> Result<Option<Chart>> {
        let content = &self.content;
        let is_plain = content.config.is_none()
            && content.artifact_type.is_none()
            && content.annotation_file.is_none()
            && self.artifact_platform.is_none()
            && self.image_spec.is_none();
        match &content.files[..] {
            [file] if is_plain => {
                let given = given(file)?;
                let may_be = given.media_type.as_deref().is_none_or(|it| it == chart::CHART);
                if may_be { Ok(Chart::of_file(&given.path)?) } else { Ok(None) }
            }
            _ => Ok(None),
        }
    }

    /// As oras decides it: a config without a type of the artifact is of the older version.
    fn is_v1_0(&self) -> Result<bool> {
        let (config, own) = (self.content.config.is_some(), self.content.artifact_type.is_some());
        match self.image_spec {
            None => Ok(config && !own),
            Some(ImageSpec::V1_0) if own && (config || self.artifact_platform.is_some()) => {
                let sentence = "version 1.0 has no type beside that of the config";
                Err(Failure::told(Exit::Usage, sentence).hint("leave `--artifact-type` out"))
            }
            Some(ImageSpec::V1_1) if config && !own => {
                let sentence = "version 1.1 wants a type beside the config";
                Err(Failure::told(Exit::Usage, sentence).hint("`--artifact-type` says it"))
            }
            Some(version) => Ok(version == ImageSpec::V1_0),
        }
    }
}

/// Says which files were sent, and which were there.
pub(super) fn tell(session: &Session, outcome: &Outcome) {
    for (descriptor, pushed) in &outcome.blobs {
        let Some(title) = descriptor.title() else { continue };
        let verb = if matches!(pushed, Pushed::Present) { "Exists" } else { "Uploaded" };
        session.printer.status(verb, title);
    }
}
