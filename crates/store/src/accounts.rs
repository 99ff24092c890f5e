//! Whether a group is the private group of this user, as many systems give one to everybody.
//!
//! Where it is, a folder that the group may write is no danger. Only the local account files are
//! asked: a group from a directory service counts as shared, which errs on the safe side.

use std::{fs::File, io::Read as _};

use rustix::process::geteuid;

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
