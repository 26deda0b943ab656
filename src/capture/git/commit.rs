//! A commit object, read as leniently as git reads it.

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::domain::time::{SECOND, Timestamp};

/// The parts of a commit object, as they stand in it.
pub(super) struct RawCommit<'a> {
    /// The tree that it records.
    pub tree: ObjectId,
    /// Its parents, whether or not the repository has them.
    pub parents: Vec<ObjectId>,
    /// Who wrote the change, and when.
    pub author: Signature<'a>,
    /// Who made the commit, and when.
    pub committer: Signature<'a>,
    /// The encoding of names and message, where it is not UTF-8.
    pub encoding: Option<&'a [u8]>,
    /// The message.
    pub message: &'a [u8],
}

/// Name, mail address and time. Each is absent where the commit does not have it in readable form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Signature<'a> {
    /// The name, without white space around it.
    pub name: &'a [u8],
    /// The mail address, without angle brackets.
    pub email: &'a [u8],
    /// Seconds since the epoch.
    pub seconds: Option<i64>,
}

impl<'a> RawCommit<'a> {
    /// Takes the object apart; `None` if it does not name a tree, or names a parent by no hash.
    /// Everything else may be missing or damaged, as it is in some old and some converted histories.
    pub fn parse(data: &'a [u8]) -> Option<Self> {
        let (header, message) = data.split_once_str("\n\n").unwrap_or((data, b""));
        let mut lines = header.split(|byte| *byte == b'\n').peekable();
        let tree = object_id(lines.next()?.strip_prefix(b"tree ")?)?;
        let mut parents = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(b"parent ")) {
            parents.push(object_id(&line[b"parent ".len()..])?);
        }
        let field = |name: &str| {
            lines.clone().find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" "))
        };
        let signature = |line: Option<&'a [u8]>| line.map(Signature::parse).unwrap_or_default();
        Some(Self {
            tree,
            parents,
            author: signature(field("author")),
            committer: signature(field("committer")),
            encoding: field("encoding"),
            message,
        })
    }

    /// The commit time in seconds since the epoch; 0 where the commit has none, as git takes it.
    pub fn seconds(&self) -> i64 {
        self.committer.seconds.unwrap_or(0)
    }
}

impl<'a> Signature<'a> {
    /// Takes `Name <mail> seconds offset` apart.
    fn parse(line: &'a [u8]) -> Self {
        let (person, time) = match line.rfind_byte(b'>') {
            Some(end) => (&line[..=end], &line[end + 1..]),
            None => (line, &b""[..]),
        };
        let (name, email) = match gix::actor::signature::decode::identity(&mut &*person) {
            Ok(identity) => (identity.name.as_bytes(), identity.email.as_bytes()),
            Err(_) => (person.split(|byte| *byte == b'<').next().unwrap_or(person), &b""[..]),
        };
        Self { name: name.trim(), email: email.trim(), seconds: seconds(time) }
    }
}

/// The number that `time` begins with, held within what 64 bits hold.
fn seconds(time: &[u8]) -> Option<i64> {
    let number = time.trim().fields().next()?.to_str().ok()?.parse::<i128>().ok()?;
    Some(number.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

fn object_id(hex: &[u8]) -> Option<ObjectId> {
    ObjectId::from_hex(hex).ok()
}

/// The first and the last second of the years 0001 to 9999, beyond which no time can be written.
const YEARS: (i64, i64) = (-62_135_596_800, 253_402_207_200);

/// A commit's or an author's time, held within the years 0001 to 9999.
pub(super) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.clamp(YEARS.0, YEARS.1) * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn signature(line: &str) -> (String, String, Option<i64>) {
        let signature = Signature::parse(line.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(signature.name), text(signature.email), signature.seconds)
    }

    #[test]
    fn a_commit_is_taken_apart() {
        let data = format!(
            "tree {TREE}\nparent {TREE}\nparent {TREE}\nauthor A U Thor <a@x> 1 +0100\n\
             committer C <c@x> 2 -0330\nencoding latin1\ngpgsig -----BEGIN\n author no\n \n -----END\n\
             \nSubject\n\nBody\n"
        );
        let commit = RawCommit::parse(data.as_bytes()).unwrap();
        assert_eq!(commit.tree.to_string(), TREE);
        assert_eq!(commit.parents.len(), 2);
        assert_eq!(commit.author.name, b"A U Thor");
        assert_eq!(commit.committer.email, b"c@x");
        assert_eq!((commit.author.seconds, commit.seconds()), (Some(1), 2));
        assert_eq!(commit.encoding, Some(&b"latin1"[..]));
        assert_eq!(commit.message, b"Subject\n\nBody\n");
    }

    #[test]
    fn a_commit_with_next_to_nothing_is_read() {
        let commit = format!("tree {TREE}\n");
        let commit = RawCommit::parse(commit.as_bytes()).unwrap();
        assert!(commit.parents.is_empty() && commit.message.is_empty());
        assert_eq!((commit.author, commit.seconds()), (Signature::default(), 0));
        for bad in ["", "tree 12\n\n", &format!("tree {TREE}\nparent {}\n\n", &TREE[1..])] {
            assert!(RawCommit::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn odd_signatures_are_read_as_far_as_they_go() {
        let named = |name: &str, email: &str, seconds| (name.to_owned(), email.to_owned(), seconds);
        assert_eq!(signature("A B <a@b> 5 +0000"), named("A B", "a@b", Some(5)));
        assert_eq!(signature(" A  <> -5 --700"), named("A", "", Some(-5)));
        assert_eq!(signature("<a@b> 5"), named("", "a@b", Some(5)));
        assert_eq!(signature("A <a<b>> 5 +0000"), named("A", "a<b", Some(5)));
        assert_eq!(signature("A <a@b>"), named("A", "a@b", None));
        assert_eq!(signature("A <a@b> soon"), named("A", "a@b", None));
        assert_eq!(signature("A <a@b 5 +0000"), named("A", "", None));
        assert_eq!(signature("A B"), named("A B", "", None));
        assert_eq!(signature("A <a> 99999999999999999999 +0000"), named("A", "a", Some(i64::MAX)));
    }

    #[test]
    fn times_stay_within_the_years_that_can_be_written() {
        for (seconds, text) in [
            (i64::MIN, "0001-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.000000Z"),
            (i64::MAX, "9999-12-30T22:00:00.000000Z"),
        ] {
            let time = timestamp(seconds);
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse(), Ok(time));
        }
    }
}
