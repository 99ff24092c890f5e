//! Two publishers at the same moment: neither loses what the other one adds.

use std::collections::BTreeSet;

use super::{
    desk::Desk,
    maker::{Maker, saying},
    peers,
    registry::{Kind, Registry},
};
use crate::support::Sandbox;

/// How often they meet.
const ROUNDS: usize = 50;

#[test]
fn two_publishers_lose_no_platform() {
    if !peers::are_here(&["curl"]) {
        return;
    }
    // One keeps what no tag names, the other one does not.
    for registry in Registry::all().filter(|it| it.kind != Kind::DockerRegistry) {
        let desk = Desk::at(registry);
        let base = format!("{}/acme", desk.host());
        let other = Sandbox::new();
        let publishers = [("amd64", &desk.sandbox), ("arm64", &other)];
        let makers = publishers.map(|(_, sandbox)| Maker::new(sandbox, base.clone()));
        for round in 0..ROUNDS {
            let version = format!("1.0.{round}");
            let folder = saying(&version);
            for maker in &makers {
                maker.version(&version, &[("amd64", &folder), ("arm64", &folder)]);
            }
            let started = publishers.map(|(architecture, sandbox)| {
                let platform = format!("--platform linux-{architecture}");
                let words = format!("publish tap/tool.toml@{version} {platform}");
                (sandbox, sandbox.start(&words))
            });
            for (sandbox, child) in started {
                sandbox.end(child).ok();
            }
            check(&desk, &version);
        }
        let named: BTreeSet<_> = makers.iter().flat_map(Maker::named).collect();
        assert!(named.len() >= ROUNDS, "each version is named");
        for digest in &named {
            desk.manifest("acme/tool", digest);
        }
    }
}

/// Both platforms are in the version's index, and their manifests are there.
fn check(desk: &Desk, version: &str) {
    let index: serde_json::Value =
        serde_json::from_str(&desk.manifest("acme/tool", version)).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let platforms: Vec<_> =
        entries.iter().map(|it| it["platform"]["architecture"].as_str().unwrap()).collect();
    assert_eq!(platforms, ["amd64", "arm64"], "{version} on {}", desk.registry.kind);
    for entry in entries {
        desk.manifest("acme/tool", entry["digest"].as_str().unwrap());
    }
}
