//! Laws of the lock: what is written reads back, and no line can go unnoticed.

use proptest::prelude::*;

use super::*;

fn platform(text: &str) -> Platform {
    text.parse().unwrap()
}

fn entry(name: &str, platforms: &[Platform], depends: &[&str], requested: bool) -> Entry {
    let digest = Digest::sha256(format!("{name} {platforms:?}").as_bytes());
    let depends: serde_json::Map<_, _> = depends
        .iter()
        .map(|name| ((*name).to_owned(), serde_json::json!({ "constraint": ">=1" })))
        .collect();
    serde_json::from_value(serde_json::json!({
        "package": name,
        "version": "1.2.3",
        "platforms": platforms,
        "requested": requested,
        "tap": "acme",
        "edition": { "serial": 3, "digest": Digest::sha256(b"edition") },
        "source": {
            "strategy": "oci",
            "reference": format!("reg.example/acme/{name}:1.2.3"),
            "pin": { "manifest": digest },
        },
        "scheme": "semver",
        "license": "MIT",
        "depends": depends,
    }))
    .unwrap()
}

fn request(name: &str) -> Request {
    Request {
        request: Name::parse(name).unwrap(),
        means: None,
        group: "default".to_owned(),
        version: "*".to_owned(),
        tap: None,
        from: None,
    }
}

/// A lock of packages that need some of those before them; what nothing needs was asked for.
fn lock(needs: &[Vec<usize>], platforms: &[&str], apart: bool) -> Lock {
    let platforms: Vec<Platform> = platforms.iter().map(|text| platform(text)).collect();
    let names: Vec<String> = (0..needs.len()).map(|number| format!("p{number}")).collect();
    let mut lock = Lock { platforms: platforms.iter().copied().collect(), ..Lock::default() };
    for (number, needed) in needs.iter().enumerate() {
        let is_needed = needs[number + 1..].iter().any(|needed| needed.contains(&number));
        let depends: Vec<&str> = needed.iter().map(|one| names[*one].as_str()).collect();
        let of = |on: &[Platform]| entry(&names[number], on, &depends, !is_needed);
        match apart {
            true => lock.packages.extend(platforms.iter().map(|one| of(&[*one]))),
            false => lock.packages.push(of(&platforms)),
        }
        if !is_needed {
            let request = request(&names[number]);
            lock.requests.insert(request.request.clone(), request);
        }
    }
    lock.taps.insert("acme".to_owned(), "oci://reg.example/acme/tap".to_owned());
    lock.sort();
    lock
}

fn locks() -> impl Strategy<Value = Lock> {
    let needs = prop::collection::vec(prop::collection::btree_set(0_usize..8, 0..3), 1..8);
    let needs = needs.prop_map(|needs| {
        let before = |(number, needed): (usize, std::collections::BTreeSet<usize>)| {
            needed.into_iter().filter(|other| *other < number).collect()
        };
        needs.into_iter().enumerate().map(before).collect::<Vec<Vec<usize>>>()
    });
    let platforms =
        prop::sample::subsequence(vec!["linux-amd64-gnu", "linux-arm64-gnu", "macos-arm64"], 1..=3);
    (needs, platforms, any::<bool>())
        .prop_map(|(needs, platforms, apart)| lock(&needs, &platforms, apart))
}

proptest! {
    #[test]
    fn what_is_written_reads_back(lock in locks()) {
        let text = lock.to_string();
        let read = Lock::parse(&text).unwrap();
        prop_assert_eq!(&read, &lock);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn no_line_goes_unnoticed_and_one_that_comes_twice_is_one(lock in locks()) {
        let text = lock.to_string();
        let lines: Vec<&str> = text.lines().collect();
        for number in 0..lines.len() {
            let mut fewer = lines.clone();
            fewer.remove(number);
            match Lock::parse(&fewer.join("\n")) {
                Ok(read) => prop_assert_eq!(&read, &lock, "line {}", number + 1),
                Err(refused) => prop_assert!(
                    (1..=fewer.len()).contains(&refused.line), "{refused}"
                ),
            }
            let mut more = lines.clone();
            more.push(lines[number]);
            prop_assert_eq!(&Lock::parse(&more.join("\n")).unwrap(), &lock);
        }
    }

    #[test]
    fn no_text_breaks_it(text in ".{0,200}", at in 0_usize..2000, lock in locks()) {
        let _result = Lock::parse(&text).is_ok();
        let mut whole = lock.to_string();
        let at = whole.floor_char_boundary(at.min(whole.len()));
        whole.insert_str(at, &text);
        let _result = Lock::parse(&whole).is_ok();
    }
}

/// A lock of `app`, which needs `lib`, changed by `change`.
fn refused(change: impl FnOnce(&str) -> String) -> String {
    let text = lock(&[vec![], vec![0]], &["linux-amd64-gnu"], false).to_string();
    match Lock::parse(&change(&text)) {
        Ok(_) => "it is accepted".to_owned(),
        Err(refused) => refused.to_string(),
    }
}

#[test]
fn a_line_that_breaks_a_rule_is_named_with_the_rule() {
    type Change = fn(&str) -> String;
    let rows: [(Change, &str); 20] = [
        (|_| String::new(), "pkg.lock:1: it does not begin with {\"schema\":1}"),
        (
            |t| t.replace("{\"schema\":1}", "{\"schema\":2}"),
            "pkg.lock:2: it is of schema 2, which a newer",
        ),
        (|t| t.replace("{\"schema\":1}\n", ""), "pkg.lock:3: the first line is not {\"schema\":1}"),
        (
            |t| t.replace("{\"tap\"", "<<<<<<< HEAD\n{\"tap\""),
            "pkg.lock:6: git left a conflict here",
        ),
        (|t| t.replace("{\"tap\"", "=======\n{\"tap\""), "pkg.lock:6: git left a conflict here"),
        (|t| t.replace("{\"tap\"", "{\"nap\""), "pkg.lock:6: it is neither a platform nor a tap"),
        (|t| t.replace("\"at\"", "\"ta\""), "pkg.lock:6: unknown field `ta`"),
        (|t| t.replace("oci://", "\u{1b}[2J"), "pkg.lock:6: control character"),
        (
            |t| format!("{t}{}", t.lines().last().unwrap().replace("1.2.3", "1.2.4")),
            "pkg.lock:13: `p1` for linux-amd64-gnu stands in line 12",
        ),
        (
            |t| t.replace("{\"package\":\"p0\"", "#"),
            "pkg.lock:12: `p1` needs `p0 >=1`, which has no line",
        ),
        (
            |t| t.replacen("\"1.2.3\"", "\"0.9.0\"", 1),
            "pkg.lock:12: `p1` needs `p0 >=1`, which is 0.9.0 in line 10",
        ),
        (|t| t.replacen("\"1.2.3\"", "\"../1\"", 1), "pkg.lock:10: the version of `p0` is not one"),
        (
            |t| t.replace("{\"request\"", "#"),
            "pkg.lock:12: `p1` was asked for, and no line says so",
        ),
        (
            |t| t.replace("\"depends\":{\"p0\":{\"constraint\":\">=1\"}}", "\"depends\":{}"),
            "pkg.lock:10: nothing asks for `p0` on",
        ),
        (
            |t| t.replace("{\"platform\"", "#"),
            "pkg.lock:10: `p0` is for linux-amd64-gnu, which has no",
        ),
        (|t| t.replace("{\"tap\"", "#"), "pkg.lock:10: no line says where tap `acme` of `p0` is"),
        (
            |t| t.replacen("{\"manifest\"", "{\"index\"", 1),
            "pkg.lock:10: `p0` is pinned to an index",
        ),
        (
            |t| t.replacen("{\"manifest\":\"sha256:", "{\"manifest\":\"sha256:0", 1),
            "pkg.lock:10: `sha256:0",
        ),
        (
            |t| t.replacen("{\"manifest\":\"sha256:", "{\"manifest\":\"md5:", 1),
            "pkg.lock:10: `p0` has a digest of `md5`",
        ),
        (
            |t| t.replacen("\"license\"", "\"expose\":{\"bin\":[\"../../x\"]},\"license\"", 1),
            "pkg.lock:10: `p0` says what no package may say",
        ),
    ];
    let all: Vec<String> = rows.iter().map(|(change, _)| refused(change)).collect();
    for (got, (_, expect)) in all.iter().zip(rows) {
        assert!(got.starts_with(expect), "{got}\nand not {expect}, of {}", all.join("\n"));
    }
}

#[test]
fn what_is_from_elsewhere_is_refused() {
    for (old, new, expect) in [
        (r#""tap":"acme""#, r#""tap":"core""#, "6: `core` is a tap that pkg has by itself"),
        (r#""tap":"acme""#, r#""tap":"direct""#, "6: `direct` is a tap that pkg has by itself"),
        (
            r#""version":"*""#,
            r#""version":"*","tap":"core""#,
            "8: `p1` is asked for from `core`, and is from `acme` in line 12",
        ),
        (
            r#""version":"*""#,
            r#""version":"*","from":"./p1.toml""#,
            "8: `p1` is asked for from `./p1.toml`, and is from `acme` in line 12",
        ),
    ] {
        let got = refused(|text| text.replace(old, new));
        assert!(got.starts_with(&format!("pkg.lock:{expect}")), "{got}\nand not {expect}");
    }
}

#[test]
fn what_no_package_may_say_is_refused() {
    for (change, expect) in [
        ("\"env\":{\"LD_PRELOAD\":\"x\"},\"license\"", "LD_PRELOAD"),
        ("\"keg_only\":\"a\\u001b[2J\",\"license\"", "control character"),
        ("\"slot\":\"../1\",\"license\"", "cannot name a slot"),
        (
            "\"conflicts\":{\"p1\":\"both\"},\"license\"",
            "`p0` cannot be beside `p1`, which line 12 has",
        ),
        ("\"from\":\"oci://r.example/x:1\",\"license\"", "`p0` says twice where it is from"),
    ] {
        let got = refused(|text| text.replacen("\"license\"", change, 1));
        assert!(
            got.starts_with("pkg.lock:10: ") && got.contains(expect),
            "{got}\nand not {expect}"
        );
    }
}

#[test]
fn comments_and_order_say_nothing() {
    let lock = lock(&[vec![], vec![0]], &["linux-amd64-gnu", "macos-arm64"], true);
    let text = lock.to_string();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2..].reverse();
    lines.insert(3, "# merged by hand");
    lines.insert(5, "");
    assert_eq!(Lock::parse(&lines.join("\n")).unwrap(), lock);
    assert_eq!(Lock::parse(&text.replace('\n', "\r\n")).unwrap(), lock);
}
