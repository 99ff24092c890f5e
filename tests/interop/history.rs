//! Editions of a tap: each one that was published can be gone back to.

use super::{
    desk::Desk,
    layout::OWN,
    maker::{Maker, saying},
};
use crate::support::Sandbox;

/// How many versions are published, each with an edition of the tap.
const EDITIONS: u64 = 20;

#[test]
fn each_edition_can_be_gone_back_to() {
    for desk in Desk::all() {
        let maker = Maker::new(&desk.sandbox, format!("{}/acme", desk.host()));
        let editions: Vec<_> = (1..=EDITIONS)
            .map(|serial| {
                let version = format!("1.0.{serial}");
                maker.version(&version, &[(OWN, &saying(&version))]);
                maker.publish(&version, "--also latest,1");
                let edition = maker.publish_tap();
                assert_eq!(edition["serial"], serial);
                edition["published"].as_str().unwrap().to_owned()
            })
            .collect();
        for (serial, time) in (1..).zip(&editions) {
            check(&maker, &serial.to_string(), serial);
            // Of several editions in one second it is the last one.
            let last = editions.iter().rposition(|other| other == time).unwrap();
            check(&maker, time, last as u64 + 1);
        }
    }
}

/// Follows the tap as of `moment` from a fresh home, installs, and runs what was newest then.
fn check(maker: &Maker<'_>, moment: &str, serial: u64) {
    let user = Sandbox::in_memory();
    user.run(&format!("tap add {} --as-of {moment}", maker.tap())).ok();
    assert_eq!(user.run("tap info acme --json").ok().json()["serial"], serial);
    user.run("install tool").ok();
    assert_eq!(user.says("bin/tool"), format!("1.0.{serial}\n"), "as of {moment}");
}
