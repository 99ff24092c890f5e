//! Laying one table over another: tables merge deep, everything else replaces, `false` deletes.

use super::{Table, Value};

/// Lays `over` over `base`. Values keep the place where they were written.
pub(crate) fn merge(base: &mut Table, over: &Table) {
    for entry in &over.entries {
        if let Value::Bool(false) = entry.node.value {
            base.entries.retain(|known| known.key != entry.key);
            continue;
        }
        let known = base.entries.iter_mut().find(|known| known.key == entry.key);
        match (known, &entry.node.value) {
            (Some(known), Value::Table(table)) => {
                known.key_at = entry.key_at;
                known.node.at = entry.node.at;
                match &mut known.node.value {
                    Value::Table(below) => merge(below, table),
                    other => *other = Value::Table(without_deletions(table)),
                }
            }
            (Some(known), _) => *known = entry.clone(),
            (None, Value::Table(table)) => {
                let mut entry = entry.clone();
                entry.node.value = Value::Table(without_deletions(table));
                base.entries.push(entry);
            }
            (None, _) => base.entries.push(entry.clone()),
        }
    }
}

fn without_deletions(table: &Table) -> Table {
    let mut clean = Table::default();
    merge(&mut clean, table);
    clean
}
