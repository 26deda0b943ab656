//! No file speaks of the machine that it was written on.

use std::net::Ipv4Addr;

use super::{Finding, Source, check, lines};

/// Folders that exist on one machine only. Written in parts, for this file is checked too.
const FOLDERS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/wo", "rkspace/"),
];

/// Ends of host names that resolve inside one network only.
const PRIVATE_ENDS: &[&str] = &["internal", "local", "lan", "corp", "intranet", "home", "private"];

/// No absolute path below somebody's own folders.
fn machine_paths(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        for folder in FOLDERS.iter().filter(|folder| names_folder(line, folder)) {
            let message = format!(
                "`{folder}` is a path of one machine; write a relative path, or one of the kind \
                 `/path/to/file`"
            );
            found.push(source.finding(at + 1, message));
        }
    }
    found
}

/// Whether `folder`, or the same without its last slash as a whole path, starts in `line`
/// anywhere but inside a longer path.
fn names_folder(line: &str, folder: &str) -> bool {
    let bare = folder.trim_end_matches('/');
    line.match_indices(bare).any(|(at, _)| {
        let inside = |c: char| c.is_alphanumeric() || "._-/~}*".contains(c);
        let goes_on = |c: char| c.is_alphanumeric() || "._-".contains(c);
        !line[..at].ends_with(inside) && !line[at + bare.len()..].starts_with(goes_on)
    })
}

/// No URL of a host that only one network knows. Loopback and the names and addresses reserved for
/// examples are free.
fn private_hosts(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        for (start, scheme) in line.match_indices("://") {
            let rest = &line[start + scheme.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && !"-.".contains(c));
            let host = &rest[..end.unwrap_or(rest.len())];
            if is_private(host) {
                let message = format!(
                    "`{host}` is known to one network only; use a name under `.example` or an \
                     address of 192.0.2.0/24"
                );
                found.push(source.finding(at + 1, message));
            }
        }
    }
    found
}

fn is_private(host: &str) -> bool {
    match host.parse::<Ipv4Addr>() {
        Ok(address) => address.is_private() || address.is_link_local(),
        Err(_) => {
            let end = host.rsplit('.').next().unwrap_or_default();
            host.contains('.') && PRIVATE_ENDS.contains(&end)
        }
    }
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    check(machine_paths);
}

#[test]
fn no_file_names_a_host_of_one_network() {
    check(private_hosts);
}

#[test]
fn machine_paths_are_found() {
    for folder in FOLDERS {
        let bare = folder.trim_end_matches('/');
        for text in [format!("{folder}a"), format!("see `{folder}x`"), format!("cd {bare} && ls")] {
            assert_eq!(lines(machine_paths, "README.md", &format!("a\n{text}")), [2], "{text}");
        }
        for text in [format!("src{folder}a"), format!("~{folder}a"), format!("{bare}_a")] {
            assert!(lines(machine_paths, "README.md", &text).is_empty(), "{text}");
        }
    }
}

#[test]
fn private_hosts_are_found_and_public_ones_are_not() {
    for host in [concat!("10.1", ".2.3"), concat!("192.168", ".0.1"), concat!("a.b.inter", "nal")] {
        let text = format!("\nsee https://{host}:8080/x");
        assert_eq!(lines(private_hosts, "docs/a.md", &text), [2], "{host}");
    }
    for host in ["127.0.0.1", "localhost", "docs.rs", "evil.example", "192.0.2.7", "db", "local"] {
        let text = format!("\nsee https://{host}:8080/x");
        assert!(lines(private_hosts, "docs/a.md", &text).is_empty(), "{host}");
    }
}
