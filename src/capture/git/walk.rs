//! The commits that a branch reaches, parents before children.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use gix::ObjectId;
use gix::hashtable::HashMap;
use gix::objs::Find;

use super::commit::RawCommit;
use super::refusal;
use crate::domain::error::Result;

/// A commit of a walk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Commit {
    /// Its hash.
    pub id: ObjectId,
    /// Whether it names two or more parents.
    pub is_merge: bool,
    /// Whether a shallow clone ends with it: it names parents that the repository may lack.
    pub is_boundary: bool,
}

/// Commits in the order of their events.
#[derive(Debug)]
pub(super) struct Walk {
    /// Every commit once, each after all its parents; among those that could come next, the one
    /// with the oldest commit time, then with the lowest hash.
    pub commits: Vec<Commit>,
    /// The oldest commit without a parent by time, then by hash, and its seconds since the epoch.
    pub root: (ObjectId, i64),
}

/// Reads all commits that `tips` reach, `boundary` being where a shallow clone ends.
///
/// # Errors
///
/// `invalid_input` naming a commit that is missing or damaged, or telling that `tips` is empty.
pub(super) fn walk(
    objects: &gix::OdbHandle,
    tips: &[ObjectId],
    boundary: &HashSet<ObjectId>,
) -> Result<Walk> {
    let graph = Graph::read(objects, tips, boundary)?;
    let roots = graph.nodes.iter().filter(|node| node.parents == 0);
    let root = roots.map(|node| (node.seconds, node.commit.id)).min();
    let (seconds, id) = root.ok_or_else(|| refusal::repository("the history", "it is empty"))?;
    Ok(Walk { commits: graph.in_order(), root: (id, seconds) })
}

struct Node {
    commit: Commit,
    seconds: i64,
    /// Parents that are part of the walk.
    parents: u32,
}

struct Graph {
    nodes: Vec<Node>,
    /// Parent and child by their place in `nodes`.
    edges: Vec<(u32, u32)>,
}

impl Graph {
    fn read(
        objects: &gix::OdbHandle,
        tips: &[ObjectId],
        boundary: &HashSet<ObjectId>,
    ) -> Result<Self> {
        let mut graph = Self { nodes: Vec::new(), edges: Vec::new() };
        let mut places: HashMap<ObjectId, u32> = HashMap::default();
        let mut buffer = Vec::new();
        for tip in tips {
            graph.place(*tip, &mut places);
        }
        let mut next = 0;
        while let Some(node) = graph.nodes.get(next) {
            let id = node.commit.id;
            let raw = commit(objects, id, &mut buffer)?;
            let is_boundary = boundary.contains(&id);
            let parents = if is_boundary { &[] } else { raw.parents.as_slice() };
            for parent in parents {
                let parent = graph.place(*parent, &mut places);
                graph.edges.push((parent, next as u32));
            }
            let is_merge = raw.parents.len() > 1;
            let is_boundary = is_boundary && !raw.parents.is_empty();
            graph.nodes[next] = Node {
                commit: Commit { id, is_merge, is_boundary },
                seconds: raw.seconds(),
                parents: parents.len() as u32,
            };
            next += 1;
        }
        graph.edges.sort_unstable();
        Ok(graph)
    }

    /// The place of a commit in `nodes`, a new one at the end if it has none yet.
    fn place(&mut self, id: ObjectId, places: &mut HashMap<ObjectId, u32>) -> u32 {
        *places.entry(id).or_insert_with(|| {
            let commit = Commit { id, is_merge: false, is_boundary: false };
            self.nodes.push(Node { commit, seconds: 0, parents: 0 });
            (self.nodes.len() - 1) as u32
        })
    }

    fn children(&self, parent: u32) -> &[(u32, u32)] {
        let start = self.edges.partition_point(|edge| edge.0 < parent);
        let count = self.edges[start..].iter().take_while(|edge| edge.0 == parent).count();
        &self.edges[start..start + count]
    }

    fn in_order(&self) -> Vec<Commit> {
        let key = |place: u32| {
            let node = &self.nodes[place as usize];
            Reverse((node.seconds, node.commit.id, place))
        };
        let mut waiting_for: Vec<u32> = self.nodes.iter().map(|node| node.parents).collect();
        let places = 0..self.nodes.len() as u32;
        let mut ready: BinaryHeap<_> =
            places.filter(|place| waiting_for[*place as usize] == 0).map(key).collect();
        let mut commits = Vec::with_capacity(self.nodes.len());
        while let Some(Reverse((_, _, place))) = ready.pop() {
            commits.push(self.nodes[place as usize].commit);
            for (_, child) in self.children(place) {
                let waiting = &mut waiting_for[*child as usize];
                *waiting -= 1;
                if *waiting == 0 {
                    ready.push(key(*child));
                }
            }
        }
        commits
    }
}

/// Reads one commit.
///
/// # Errors
///
/// `invalid_input` if it is missing, damaged, or no commit.
pub(super) fn commit<'a>(
    objects: &gix::OdbHandle,
    id: ObjectId,
    buffer: &'a mut Vec<u8>,
) -> Result<RawCommit<'a>> {
    let found = objects
        .try_find(&id, buffer)
        .map_err(|error| refusal::object(id, "commit", refusal::causes(&error)))?;
    let Some(object) = found else {
        return Err(refusal::object(id, "commit", "it is not in the repository"));
    };
    let raw = (object.kind == gix::objs::Kind::Commit).then(|| RawCommit::parse(object.data));
    raw.flatten().ok_or_else(|| refusal::object(id, "commit", "it has not the form of a commit"))
}
