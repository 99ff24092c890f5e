//! mise's `mise.toml`: what stands under `[tools]`.

use std::path::Path;

use toml::{Table, Value};

use super::{Bundle, tool_versions::version};
use crate::{malformed::not_toml, wants};

pub(super) fn read(text: &str, file: &Path) -> Result<Bundle, wants::Error> {
    let failed = |error| wants::Error::Malformed(Box::new(not_toml(&error).in_file(file, text)));
    let document: Table = toml::from_str(text).map_err(failed)?;
    let mut bundle = Bundle::default();
    let tools = document.get("tools").and_then(Value::as_table);
    for (name, value) in tools.into_iter().flatten() {
        // `aqua:owner/name` names the program that brings it, too.
        let own = name.rsplit([':', '/']).next().unwrap_or(name);
        let asked = match value {
            Value::String(asked) => Some(asked.as_str()),
            Value::Array(list) => list.first().and_then(Value::as_str),
            Value::Table(table) => table.get("version").and_then(Value::as_str),
            _ => None,
        };
        version(&mut bundle, own, asked);
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_read() {
        let text = "[env]\nA = \"b\"\n[tools]\nnode = \"22\"\njq = [\"1.7\", \"1.6\"]\n\
                    \"aqua:casey/just\" = { version = \"1\" }\npython = \"system\"\n";
        let bundle = read(text, Path::new("mise.toml")).unwrap();
        let wants: Vec<_> =
            bundle.wants.packages.iter().map(|w| format!("{} {}", w.name, w.version)).collect();
        assert_eq!(wants, ["just 1", "jq 1.7", "node 22"]);
        assert_eq!(bundle.skipped.len(), 1);
        assert!(read("[tools", Path::new("mise.toml")).is_err());
    }
}
