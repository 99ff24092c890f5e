//! Who an owner or a group of a folder is, as far as it decides whether the folder is safe.
//!
//! Many systems give each user a private group, and a folder that it may write is no danger.
//! Only the local account files are asked: a group from a directory service counts as shared,
//! which errs on the safe side.

use std::{fs::File, io::Read as _};

use rustix::process::geteuid;

/// Whether a user is root, or cannot be told from root in this user namespace.
///
/// In a sandbox that maps only its own user the system's folders belong to the overflow user.
pub(crate) fn is_root(uid: u32) -> bool {
    const OVERFLOW: u32 = 65_534;
    uid == 0 || uid == OVERFLOW && read("/proc/self/uid_map").is_some_and(|map| !maps_all(&map))
}

/// Whether every user outside is one inside: lines hold the first inside, outside and a count.
fn maps_all(map: &str) -> bool {
    let counts = map.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    counts.sum::<u64>() >= u64::from(u32::MAX)
}

/// Whether nobody but root and this user is in the group.
pub(crate) fn is_private_group(gid: u32) -> bool {
    let (Some(users), Some(groups)) = (read("/etc/passwd"), read("/etc/group")) else {
        return false;
    };
    is_private(gid, geteuid().as_raw(), &users, &groups)
}

fn read(path: &str) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(1 << 20).read_to_string(&mut text).ok()?;
    Some(text)
}

fn is_private(gid: u32, uid: u32, users: &str, groups: &str) -> bool {
    let mut own_names = Vec::new();
    for user in users.lines() {
        let mut fields = user.split(':');
        let (Some(name), _, Some(id), Some(group)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let trusted = id == "0" || id.parse() == Ok(uid);
        if trusted {
            own_names.push(name);
        } else if group.parse() == Ok(gid) {
            return false;
        }
    }
    let mut known = false;
    for group in groups.lines() {
        let fields: Vec<&str> = group.split(':').collect();
        if let [_, _, id, members] = fields[..]
            && id.parse() == Ok(gid)
        {
            known = true;
            let mut members = members.split(',').filter(|name| !name.is_empty());
            if members.any(|name| !own_names.contains(&name)) {
                return false;
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_of_all_users_has_no_unknown_ones() {
        for (map, all) in [
            ("         0          0 4294967295\n", true),
            ("         0       1000          1\n", false),
            ("         0       1000          1\n         1     100000      65536\n", false),
            ("", false),
        ] {
            assert_eq!(maps_all(map), all, "{map}");
        }
        assert!(is_root(0) && !is_root(12_345));
    }

    #[test]
    fn a_group_is_private_when_it_holds_nobody_else() {
        let users = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n\
                     bob:x:1001:100::/:/bin/sh\nbroken line\n";
        let rows = [
            ("own group", 1000, "ann:x:1000:\n", true),
            ("own group that names its owner", 1000, "ann:x:1000:ann\n", true),
            ("another member", 1000, "ann:x:1000:bob\n", false),
            ("another user's main group", 100, "users:x:100:\n", false),
            ("the group of root", 0, "root:x:0:\n", true),
            ("a group that is not in the file", 5000, "ann:x:1000:\n", false),
            ("the second of two lines has a member", 7, "a:x:7:\nb:x:7:bob\n", false),
            ("no groups at all", 1000, "", false),
        ];
        for (what, gid, groups, expected) in rows {
            assert_eq!(is_private(gid, 1000, users, groups), expected, "{what}");
        }
    }
}
