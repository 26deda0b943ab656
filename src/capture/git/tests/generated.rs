//! Histories made up at random, the same ones every time.

use std::collections::BTreeMap;

use super::fixture::{Change, Commit, Script};

/// Numbers that look random, the same ones for the same seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The files of a tree by path: mode, and content or, of a submodule, commit.
type Tree = BTreeMap<Vec<u8>, (&'static str, Vec<u8>)>;

/// Paths that get into each other's way, one of them no UTF-8.
const PATHS: &[&[u8]] = &[
    b"a",
    b"a.c",
    b"a-b",
    b"a/b",
    b"a/b/c",
    b"lib/x",
    b"lib/y",
    b"lib.rs",
    b"z",
    b"caf\xe9",
    b"with space",
    "späti".as_bytes(),
];

/// Few different lines, so that they repeat within a file as braces and blank lines do.
const LINES: &[&str] =
    &["", "{", "}", "    return 0;", "if (x) {", "x += 1;", "\r", "// note", "let y = 2;", "end"];

/// `count` commits: roots, merges of two to four parents, empty commits, clocks that go back, and
/// every kind of change to files.
pub fn script(seed: u64, count: usize) -> Script {
    let mut random = Random::new(seed);
    let mut script = Script::default();
    let mut trees: Vec<Tree> = Vec::new();
    let mut tips: Vec<u32> = Vec::new();
    for number in 0..count {
        let parents = parents(&mut random, &tips, number + 1 == count);
        let mut tree = parents.first().map(|first| trees[*first as usize - 1].clone());
        for other in parents.iter().skip(1) {
            let half = trees[*other as usize - 1].clone();
            tree.get_or_insert_default().extend(half.into_iter().filter(|_| random.below(2) == 0));
        }
        let mut tree = tree.unwrap_or_default();
        for _ in 0..random.below(4) {
            mutate(&mut random, &mut tree);
        }
        drop_covered(&mut tree);
        let commit = write(&mut script, &mut random, &parents, &tree, number);
        tips.retain(|tip| !parents.contains(tip) || random.below(8) == 0);
        tips.push(commit);
        trees.push(tree);
    }
    script
}

/// Two texts of 3,000 lines that differ throughout, so that a diff as short as can be is costly.
pub fn long_texts(seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut random = Random::new(seed);
    let mut texts = (Vec::new(), Vec::new());
    for _ in 0..3_000 {
        line(&mut random, &mut texts.0);
        line(&mut random, &mut texts.1);
    }
    texts
}

/// None for a root; all tips for the last commit, so that it reaches every other one.
fn parents(random: &mut Random, tips: &[u32], last: bool) -> Vec<u32> {
    if last {
        return tips.to_vec();
    }
    let count = *random.pick(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4]);
    let mut parents = Vec::new();
    for _ in 0..count.min(tips.len()) {
        let tip = *random.pick(tips);
        if !parents.contains(&tip) {
            parents.push(tip);
        }
    }
    parents
}

fn write(
    script: &mut Script,
    random: &mut Random,
    parents: &[u32],
    tree: &Tree,
    number: usize,
) -> u32 {
    let seconds = 1_000_000_000 + 100 * number - random.below(3_000);
    let zone = *random.pick(&["+0000", "-0330", "+1400", "+0545"]);
    let committer = format!("C O Mitter <committer@example.com> {seconds} {zone}");
    let mut changes = vec![Change::RemoveAll];
    changes.extend(tree.iter().map(|(path, (mode, content))| match *mode {
        "160000" => Change::Submodule(path, std::str::from_utf8(content).unwrap()),
        mode => Change::Write(mode, path, content),
    }));
    let message = format!("commit {number}\n");
    script.commit(&Commit {
        committer: committer.as_bytes(),
        message: message.as_bytes(),
        parents,
        changes: &changes,
        ..Commit::default()
    })
}

fn mutate(random: &mut Random, tree: &mut Tree) {
    let paths: Vec<Vec<u8>> = tree.keys().cloned().collect();
    let path = if paths.is_empty() { PATHS[0].to_vec() } else { random.pick(&paths).clone() };
    match random.below(12) {
        0..3 => {
            tree.insert(random.pick(PATHS).to_vec(), ("100644", content(random)));
        }
        3 => {
            tree.remove(&path);
        }
        4 => {
            if let Some(file) = tree.remove(&path) {
                tree.insert(random.pick(PATHS).to_vec(), file);
            }
        }
        _ => {
            if let Some((mode, content)) = tree.get_mut(&path) {
                change(random, mode, content);
            }
        }
    }
}

fn change(random: &mut Random, mode: &mut &'static str, content: &mut Vec<u8>) {
    match random.below(10) {
        0 if *mode != "160000" => *mode = *random.pick(&["100644", "100755", "120000"]),
        1 => {
            *mode = "160000";
            *content = format!("{:040x}", 1 + random.below(1_000)).into_bytes();
        }
        _ if *mode == "160000" => *mode = "100644",
        2 => content.insert(content.len() / 2, 0),
        3 => content.retain(|byte| *byte != 0),
        4 => content.clear(),
        5 if content.last() == Some(&b'\n') => {
            content.pop();
        }
        _ => edit(random, content),
    }
}

/// Text of 0 to 700 lines; from some hundred lines git's algorithm takes short cuts.
fn content(random: &mut Random) -> Vec<u8> {
    let count = *random.pick(&[0, 1, 3, 10, 30, 100, 700]);
    let mut content = Vec::new();
    for _ in 0..count {
        line(random, &mut content);
    }
    content
}

fn line(random: &mut Random, content: &mut Vec<u8>) {
    if random.below(3) == 0 {
        content.extend_from_slice(format!("value {}", random.below(300)).as_bytes());
    } else {
        content.extend_from_slice(random.pick(LINES).as_bytes());
    }
    content.push(b'\n');
}

/// Replaces, moves or repeats runs of lines.
fn edit(random: &mut Random, content: &mut Vec<u8>) {
    let old = std::mem::take(content);
    let lines: Vec<&[u8]> = old.split_inclusive(|byte| *byte == b'\n').collect();
    let mut from = 0;
    while from < lines.len() {
        let run = &lines[from..lines.len().min(from + 1 + random.below(40))];
        match random.below(10) {
            0 => (0..random.below(5)).for_each(|_| line(random, content)),
            1 => content.extend(run.iter().rev().flat_map(|line| line.iter())),
            2 => (0..2).for_each(|_| content.extend(run.concat())),
            _ => content.extend(run.concat()),
        }
        from += run.len();
    }
    line(random, content);
}

/// Removes files whose path goes on from the path of another file.
fn drop_covered(tree: &mut Tree) {
    let files: Vec<Vec<u8>> = tree.keys().cloned().collect();
    tree.retain(|path, _| {
        !files.iter().any(|file| {
            path.strip_prefix(file.as_slice()).is_some_and(|rest| rest.starts_with(b"/"))
        })
    });
}
