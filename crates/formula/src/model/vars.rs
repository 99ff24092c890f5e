//! `[vars]`: texts for templates, constant or by platform.

use std::borrow::Cow;

use crate::{
    Selector,
    platform::Platform,
    read::{Map, Read, Spanned, VariableName},
    report::{Code, Finding, Sink},
    template::TemplateText,
    tree::{Node, Value},
};

/// Every variable of a formula.
#[derive(Debug, Clone)]
pub(crate) struct Variables(pub(crate) Map<VariableName, Variable>);

#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Variable {
    /// The same text everywhere.
    Constant(TemplateText),
    /// A text by platform; the selector with most fixed parts wins.
    Cases(Cases),
}

/// The texts of one variable, by selector.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(transparent)]
pub(crate) struct Cases(Map<Selector, TemplateText>);

impl Variables {
    pub(crate) fn find(&self, name: &str) -> Option<&Variable> {
        self.0.iter().find(|(key, _)| &*key.0 == name).map(|(_, variable)| variable)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &*key.value.0)
    }
}

impl Cases {
    /// The text for a platform. Two selectors with equally many fixed parts are an error.
    pub(crate) fn pick(&self, platform: &Platform) -> Result<Option<&TemplateText>, Finding> {
        let fitting = || self.0.iter().filter(|(selector, _)| selector.matches(platform));
        let Some(most) = fitting().map(|(selector, _)| selector.specificity()).max() else {
            return Ok(None);
        };
        let mut best = fitting().filter(|(selector, _)| selector.specificity() == most);
        let first = best.next();
        match (first, best.next()) {
            (Some((one, _)), Some((other, _))) => {
                let message = format!("`{}` and `{}` both fit {platform}", one.value, other.value);
                Err(Finding::new(Code::Selector, other.at, message)
                    .label("as specific as the other")
                    .help(format!("add `{platform} = \"…\"`")))
            }
            _ => Ok(first.map(|(_, text)| text)),
        }
    }
}

impl Read for Variables {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        Read::read(node, sink).map(Self)
    }
}

impl Read for Variable {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match node.value {
            Value::Table(_) => {
                let cases: Map<Selector, TemplateText> = Read::read(node, sink)?;
                for (selector, _) in cases.iter().filter(|(selector, _)| selector.is_negated()) {
                    sink.push(negated(selector));
                }
                Some(Self::Cases(Cases(cases)))
            }
            _ => Read::read(node, sink).map(Self::Constant),
        }
    }
}

fn negated(selector: &Spanned<Selector>) -> Finding {
    let message = format!("`{}` cannot choose a value", selector.value);
    Finding::new(Code::Selector, selector.at, message)
        .label("excludes, but names no platform")
        .help("write `\"*\"` for every platform that no other line is for")
}

impl schemars::JsonSchema for Variables {
    fn schema_name() -> Cow<'static, str> {
        "Variables".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Map::<VariableName, Variable>::json_schema(generator)
    }
}
