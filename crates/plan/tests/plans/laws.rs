//! What holds for every world, whatever is installed and wished for.

use std::collections::BTreeSet;

use formula::Constraint;
use pkg_plan::{Action, Candidate, Error, Installed, Key, Kind, Plan, Wish, plan, query};
use proptest::prelude::*;

use crate::brute::{Question, State, answers, is_sound};
use crate::world::{World, apply, constraint, dependency, key, version};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "s@1"];

/// A world of a few names, with needs that lead from earlier names to later ones.
fn world() -> impl Strategy<Value = World> {
    let releases = (0..NAMES.len()).flat_map(|at| (1..=3_u8).map(move |major| (at, major)));
    let releases: Vec<_> = releases
        .map(|(at, major)| (prop::option::weighted(0.9, needs(at)), flags(), Just((at, major))))
        .collect();
    releases.prop_map(|releases| {
        let made = releases.into_iter().filter_map(|(needs, flags, (at, major))| {
            let (revision, yanked, obstacle, conflict) = flags;
            // The second slot of `s` holds its newest version.
            let name = if NAMES[at] == "s@1" && major == 3 { "s@3" } else { NAMES[at] };
            let Key { name, slot } = key(name);
            Some(Candidate {
                revision,
                slot,
                depends: needs?,
                conflicts: conflict
                    .filter(|other| key(NAMES[*other]).name != name)
                    .map(|other| (key(NAMES[other]).name, "they clash".to_owned()))
                    .into_iter()
                    .collect(),
                yanked: yanked.then(|| "a mistake".to_owned()),
                obstacle: obstacle.then(|| "no build".to_owned()),
                ..Candidate::new(name, "core", version(&format!("{major}.0.0")))
            })
        });
        World { candidates: made.collect(), ..World::default() }
    })
}

fn needs(at: usize) -> BoxedStrategy<Vec<pkg_plan::Dependency>> {
    let later: Vec<&str> = NAMES[at + 1..].to_vec();
    if later.is_empty() {
        return Just(Vec::new()).boxed();
    }
    let wanted = prop::sample::select(vec!["*", "*", "1", "2", ">=2", "<3", "^1 || 3"]);
    let need = (prop::sample::select(later), wanted, prop::bool::weighted(0.25), any::<bool>())
        .prop_map(|(name, wanted, optional, any_slot)| {
            let name = if any_slot { key(name).name.to_string() } else { name.to_owned() };
            dependency(&format!("{name}{} {wanted}", if optional { "?" } else { "" }))
        });
    prop::collection::vec(need, 0..4).boxed()
}

fn flags() -> impl Strategy<Value = (u32, bool, bool, Option<usize>)> {
    let conflict = prop::option::weighted(0.08, 0..NAMES.len());
    (0..2_u32, prop::bool::weighted(0.1), prop::bool::weighted(0.1), conflict)
}

fn wanted() -> impl Strategy<Value = Constraint> {
    prop::sample::select(vec!["*", "*", "*", "1", "2", "3", ">=2"]).prop_map(constraint)
}

fn wish() -> impl Strategy<Value = Wish> {
    let place = prop::sample::select(NAMES.to_vec()).prop_map(key);
    prop_oneof![
        (place.clone(), wanted()).prop_map(|(Key { name, slot }, constraint)| {
            Wish::Install { name, tap: None, slot, constraint }
        }),
        (place, prop::option::of(wanted()))
            .prop_map(|(key, constraint)| Wish::Upgrade { key, constraint }),
    ]
}

/// A world, what earlier wishes in an older form of it left installed, and a wish.
fn situation() -> impl Strategy<Value = (World, Vec<Installed>, Wish)> {
    let past = prop::collection::vec(wish(), 2..8);
    (world(), past, any::<u64>(), wish()).prop_map(|(world, past, seed, wish)| {
        let is_old = |(at, candidate): &(usize, &Candidate)| {
            candidate.version < version("2.0.0") || seed >> (at % 64) & 3 == 0
        };
        let old = world.candidates.iter().enumerate().filter(is_old);
        let old = World { candidates: old.map(|(_, c)| c.clone()).collect(), ..World::default() };
        let mut installed = Vec::new();
        for wish in past {
            if let Ok(plan) = plan(&installed, &[wish], &old) {
                installed = apply(&plan, &installed);
            }
        }
        for (at, package) in installed.iter_mut().enumerate() {
            package.pinned = seed >> (40 + at % 20) & 7 == 7;
        }
        (world, installed, wish)
    })
}

fn state(installed: &[Installed]) -> State {
    let candidate = |package: &Installed| Candidate {
        revision: package.revision,
        slot: package.slot.clone(),
        depends: package.depends.clone(),
        conflicts: package.conflicts.clone(),
        ..Candidate::new(package.name.clone(), package.tap.clone(), package.version.clone())
    };
    installed.iter().map(|package| (package.key(), candidate(package))).collect()
}

fn named(wish: &Wish) -> (Key, Option<&Constraint>) {
    match wish {
        Wish::Install { name, slot, constraint, .. } => {
            let constraint = Some(constraint).filter(|constraint| !constraint.is_any());
            (Key { name: name.clone(), slot: slot.clone() }, constraint)
        }
        Wish::Upgrade { key, constraint } => (key.clone(), constraint.as_ref()),
        _ => unreachable!("laws wish for installs and upgrades"),
    }
}

fn changes(plan: &Plan) -> impl Iterator<Item = (&pkg_plan::Step, Key)> {
    plan.steps.iter().map(|step| (step, step.key()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Whatever is planned keeps every promise, and there is a plan exactly where one can be.
    #[test]
    fn a_plan_is_found_exactly_where_there_is_one((world, installed, wish) in situation()) {
        let question = Question { world: &world, installed: &installed, wish: &wish, beyond: true };
        let missing = matches!(&wish, Wish::Upgrade { key, .. }
            if !installed.iter().any(|package| package.key() == *key));
        let answers = if missing { Vec::new() } else { question.answers() };
        match plan(&installed, std::slice::from_ref(&wish), &world) {
            Ok(plan) => {
                let after = state(&apply(&plan, &installed));
                let releases = |state: &State| -> Vec<_> {
                    state.values().map(|c| (c.key(), c.release())).collect()
                };
                let after = releases(&after);
                prop_assert!(answers.iter().any(|answer| releases(answer) == after), "{after:?}");
            }
            Err(error) => {
                prop_assert!(answers.is_empty(), "{error}, but there is {:?}", answers[0]);
                let told = error.to_string();
                prop_assert!(!told.is_empty() && error.kind() != Kind::Lookup, "{told}");
                if let Error::NoSolution(explanation) = error {
                    prop_assert!(!explanation.facts().is_empty());
                }
            }
        }
    }

    /// Nothing that was not named changes unless the step says so, and only where it must.
    #[test]
    fn beyond_is_the_last_resort((world, installed, wish) in situation()) {
        let Ok(plan) = plan(&installed, std::slice::from_ref(&wish), &world) else { return Ok(()) };
        let (named, constraint) = named(&wish);
        let upgrade = matches!(wish, Wish::Upgrade { .. });
        for (step, key) in changes(&plan).filter(|(_, key)| *key != named) {
            let Some(package) = installed.iter().find(|p| p.key() == key) else { continue };
            // An upgrade takes along what nobody asked for by itself.
            prop_assert!(step.beyond || (upgrade && package.requested.is_none()), "{step:?}");
            prop_assert!(!package.pinned, "{step:?}");
        }
        let beyond = plan.steps.iter().any(|step| step.beyond);
        prop_assert!(changes(&plan).all(|(step, key)| key != named || !step.beyond));
        let question = Question { world: &world, installed: &installed, wish: &wish, beyond: false };
        let answers = question.answers();
        prop_assert!(!beyond || answers.is_empty(), "{:?}", plan.steps);
        let back: Vec<_> =
            changes(&plan).filter(|(s, _)| matches!(s.action, Action::Downgrade { .. })).collect();
        // What goes back was named with a constraint, or goes with it and is confirmed.
        prop_assert!(back.is_empty() || (constraint.is_some() && back.iter().any(|(_, k)| *k == named)));
        prop_assert!(back.iter().all(|(step, key)| *key == named || step.beyond));
        let newest = answers.iter().filter_map(|answer| answer.get(&named)).map(Candidate::release);
        let after = apply(&plan, &installed);
        let planned = after.iter().find(|p| p.key() == named).unwrap();
        let stays = installed.iter().any(|p| p.key() == named && p.release() == planned.release());
        if let Some(newest) = newest.max() && (upgrade || !stays) {
            prop_assert!(planned.release() >= newest, "{} < {newest}", planned.release());
        }
    }

    /// A wish that came true asks for nothing more.
    #[test]
    fn the_same_wish_twice_changes_nothing((world, installed, wish) in situation()) {
        let wishes = [wish];
        let Ok(first) = plan(&installed, &wishes, &world) else { return Ok(()) };
        prop_assert_eq!(&first, &plan(&installed, &wishes, &world).unwrap());
        let after = apply(&first, &installed);
        let again = plan(&after, &wishes, &world).unwrap();
        prop_assert_eq!(again.steps, vec![]);
        prop_assert_eq!(again.requests, first.requests);
    }

    /// Upgrading everything leaves nothing outside its request, and what is new is needed.
    #[test]
    fn upgrades_stay_inside_their_requests((world, installed, _) in situation()) {
        let plan = plan(&installed, &[Wish::UpgradeAll], &world).unwrap();
        prop_assert!(plan.steps.iter().all(|step| !step.beyond), "{:?}", plan.steps);
        let after = apply(&plan, &installed);
        prop_assert!(is_sound(&state(&after)));
        for package in &after {
            let old = installed.iter().find(|p| p.key() == package.key());
            let unchanged = old.is_some_and(|p| p.release() == package.release());
            let inside = package.requested.as_ref().is_none_or(|r| r.matches(&package.version));
            prop_assert!(unchanged || inside, "{package:?}");
            prop_assert!(old.is_none_or(|p| p.release() <= package.release()), "{package:?}");
        }
        // What an upgrade leaves behind may have to move, for an optional need limits it too, and
        // then it brings what it needs; nothing else comes that no request needs.
        let is_new = |key: &Key| !installed.iter().any(|p| p.key() == *key);
        for orphan in query::orphans(&after).iter().filter(|key| is_new(key)) {
            let ways = query::why(&after, orphan);
            let is_for_old = |way: &Vec<Key>| !is_new(&way[0]);
            prop_assert!(!ways.is_empty() && ways.iter().all(is_for_old), "{orphan}: {ways:?}");
        }
    }

    /// What is needed comes before what needs it, and goes after it.
    #[test]
    fn steps_are_in_order((world, installed, wish) in situation()) {
        let Ok(plan) = plan(&installed, &[wish, Wish::Autoremove], &world) else { return Ok(()) };
        let mut done = BTreeSet::new();
        let removals = plan.steps.iter().skip_while(|step| step.action != Action::Remove);
        prop_assert!(removals.clone().all(|step| step.action == Action::Remove));
        for step in plan.steps.iter().filter(|step| step.action != Action::Remove) {
            let late = plan.steps.iter().filter(|later| {
                later.action != Action::Remove && !done.contains(&later.key())
            });
            for other in late.filter(|other| other.key() != step.key()) {
                let needs = step.candidate.depends.iter().any(|need| answers(&other.candidate, need));
                prop_assert!(!needs, "{} before {}", step.key(), other.key());
            }
            done.insert(step.key());
        }
        let mut gone: Vec<&Candidate> = Vec::new();
        for step in removals {
            for before in &gone {
                let needed = step.candidate.depends.iter().any(|need| answers(before, need));
                prop_assert!(!needed, "{} after {}", step.key(), before.key());
            }
            gone.push(&step.candidate);
        }
    }

    /// A package may go exactly where what stays is sound without it.
    #[test]
    fn what_is_needed_stays((world, installed, _) in situation()) {
        for package in &installed {
            let key = package.key();
            let mut rest = state(&installed);
            rest.remove(&key);
            let wish = Wish::Uninstall { key: key.clone() };
            let planned = plan(&installed, &[wish], &world);
            match planned {
                Ok(plan) => {
                    prop_assert!(is_sound(&rest) && !package.pinned);
                    prop_assert_eq!(state(&apply(&plan, &installed)), rest);
                }
                Err(error) if package.pinned => prop_assert_eq!(error.kind(), Kind::Pinned),
                Err(error) => {
                    prop_assert_eq!(error.kind(), Kind::Needed);
                    prop_assert!(!is_sound(&rest), "{}", error);
                }
            }
        }
    }

    /// After autoremove nothing is left to remove, and everything requested still works.
    #[test]
    fn autoremove_leaves_what_is_needed((world, installed, _) in situation()) {
        let plan = plan(&installed, &[Wish::Autoremove], &world).unwrap();
        let after = apply(&plan, &installed);
        prop_assert!(plan.steps.iter().all(|step| step.action == Action::Remove));
        prop_assert!(is_sound(&state(&after)));
        prop_assert_eq!(query::orphans(&after), vec![]);
        let kept = |p: &&Installed| p.requested.is_some() || p.pinned;
        prop_assert!(installed.iter().filter(kept).all(|p| after.contains(p)));
    }
}
