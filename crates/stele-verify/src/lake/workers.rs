//! Several threads over files and their row groups.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::files::{self, Present};
use super::rows::{self, Opened, Work};

/// What is to be done: files to hash, and row groups of those that were sound.
struct Queue<'q> {
    files: std::slice::Iter<'q, &'q Present>,
    groups: VecDeque<(Arc<Opened<'q>>, usize)>,
    hashing: usize,
    unread: Vec<Option<(i64, i64)>>,
}

/// Hashes files and reads their rows on several threads. Gives the batches of unsound files.
pub(super) fn read_files(work: &Work<'_>, files: &[&Present]) -> Vec<Option<(i64, i64)>> {
    let queue = Queue { files: files.iter(), groups: VecDeque::new(), hashing: 0, unread: vec![] };
    let (queue, more) = (Mutex::new(queue), Condvar::new());
    std::thread::scope(|scope| {
        for _ in 0..work.ctx.options.threads.get() {
            scope.spawn(|| work_on(work, &queue, &more));
        }
    });
    queue.into_inner().unwrap_or_else(PoisonError::into_inner).unread
}

fn work_on(work: &Work<'_>, queue: &Mutex<Queue<'_>>, more: &Condvar) {
    let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let mut held = lock();
    loop {
        if let Some((opened, group)) = held.groups.pop_front() {
            drop(held);
            work.group(&opened, group);
            held = lock();
        } else if let Some(file) = held.files.next() {
            held.hashing += 1;
            drop(held);
            let sound = files::hash(work.ctx, file);
            let opened = sound.and_then(|sound| rows::open(work.ctx, file, sound));
            held = lock();
            held.hashing -= 1;
            if let Some(opened) = opened.map(Arc::new) {
                let groups = 0..opened.groups();
                held.groups.extend(groups.map(|group| (opened.clone(), group)));
            } else {
                let stated = file.live.stated.as_ref();
                held.unread.push(stated.and_then(|stated| stated.batches));
            }
            more.notify_all();
        } else if held.hashing > 0 {
            held = more.wait(held).unwrap_or_else(PoisonError::into_inner);
        } else {
            return;
        }
    }
}
