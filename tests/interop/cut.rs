//! A push that is cut somewhere: the next one ends right, and sends again only what was lost.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use serde_json::Value;

use super::{
    desk::Desk,
    layout::OWN,
    maker::{Maker, saying},
    peers,
    wire::{Then, Wire},
};
use crate::support::noise;

/// At how many places, one of each twentieth.
const PLACES: u64 = 20;
/// The size of a layer, nearly all of it noise.
const LAYER: usize = 256 << 10;
/// Bytes of requests, manifests and attachments of two pushes at most.
const TALK: u64 = 64 << 10;

#[test]
fn a_push_that_was_cut_goes_on() {
    if !peers::are_here(&["curl", "tar"]) {
        return;
    }
    for desk in Desk::all() {
        let wire = Wire::to(desk.host());
        let (whole, layer) = {
            let maker = maker(&desk, &wire, PLACES);
            maker.publish("1.0.0", "");
            (wire.passed(), largest_layer(&desk, PLACES))
        };
        assert!(whole > 2 * layer && layer >= LAYER as u64, "{whole} {layer}");
        for place in 0..PLACES {
            let after = whole * place / PLACES + random() % (whole / PLACES);
            let at = format!("cut after {after} of {whole} bytes to {}", desk.registry.kind);
            let then = if place % 2 == 0 { Then::StaysCut } else { Then::Heals };
            let maker = maker(&desk, &wire, place);
            // Where nobody gets through, trying again only takes time.
            let retries = if then == Then::StaysCut { "retries = 0" } else { "" };
            desk.sandbox.config(&format!("[patience]\n{retries}\n"));
            wire.cut_after(after, then);
            let first = desk.sandbox.run("publish tap/tool.toml");
            match then {
                Then::StaysCut => assert_eq!(first.code, 4, "{at}: {first}"),
                Then::Heals => drop(first.ok()),
            }
            let sent = wire.passed();
            wire.mend();
            maker.publish("1.0.0", "");
            let sent_again = wire.passed();
            assert!(sent + sent_again <= whole + layer + TALK, "{at}: {sent} and {sent_again}");
            assert_eq!(maker.publish("1.0.0", "")["sent_bytes"], 0, "{at}");
            check(&desk, &maker, &at);
        }
    }
}

/// A tap of its own for each place: a registry may know blobs of another repository.
fn maker<'a>(desk: &'a Desk, wire: &Wire, place: u64) -> Maker<'a> {
    let maker = Maker::new(&desk.sandbox, format!("{}/place{place}", wire.host));
    let folder =
        |seed: u64| saying("is whole").file("share/noise", noise(2 * place + seed, LAYER), 0o644);
    maker.version("1.0.0", &[("amd64", &folder(0)), ("arm64", &folder(1))]);
    maker
}

/// What was published is what was packed.
fn check(desk: &Desk, maker: &Maker<'_>, at: &str) {
    let keg = desk.install(&format!("oci://{}/tool:1.0.0", maker.base), "tool");
    desk.sh(&format!("rm -rf packed; mkdir packed; tar -x -C packed -f tap/tool-1.0.0-{OWN}.tar"));
    assert!(keg == desk.tree("packed"), "{at}");
    assert_eq!(maker.named().len(), 1);
    for digest in maker.named() {
        let repository = maker.base.split_once('/').unwrap().1;
        desk.manifest(&format!("{repository}/tool"), &digest);
    }
    desk.sandbox.run("uninstall tool").ok();
}

/// The size of the largest layer of the version at a place.
fn largest_layer(desk: &Desk, place: u64) -> u64 {
    let repository = format!("place{place}/tool");
    let manifest =
        |tag: &str| -> Value { serde_json::from_str(&desk.manifest(&repository, tag)).unwrap() };
    let index = manifest("1.0.0");
    let digests = index["manifests"].as_array().unwrap().iter();
    let size = |entry: &Value| {
        let manifest = manifest(entry["digest"].as_str().unwrap());
        manifest["layers"][0]["size"].as_u64().unwrap()
    };
    digests.map(size).max().unwrap()
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
