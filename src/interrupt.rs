//! Ctrl-C and termination: nothing half-written is left behind, and what stood under the final
//! name before stands there again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What a shell reports for a command that an interrupt ended.
const INTERRUPTED: i32 = 130;
/// Attempts to remove a folder into which somebody may still write.
const ATTEMPTS: usize = 5;

/// Folders and files under construction.
static UNDER_WAY: Mutex<Vec<UnderWay>> = Mutex::new(Vec::new());

#[derive(Clone, PartialEq, Eq, Debug)]
struct UnderWay {
    partial: PathBuf,
    old: PathBuf,
    target: PathBuf,
}

/// Something under construction; forgotten again when this is dropped.
#[derive(Debug)]
pub(crate) struct Guard(UnderWay);

/// From now on an interrupt removes `partial`, and gives `target` back what was set aside as `old`.
pub(crate) fn guard(partial: &Path, old: &Path, target: &Path) -> Guard {
    let way = UnderWay {
        partial: partial.to_path_buf(),
        old: old.to_path_buf(),
        target: target.to_path_buf(),
    };
    list().push(way.clone());
    Guard(way)
}

impl Drop for Guard {
    fn drop(&mut self) {
        list().retain(|way| *way != self.0);
    }
}

fn list() -> std::sync::MutexGuard<'static, Vec<UnderWay>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the handler; without one an interrupt ends the command and leaves what it wrote.
pub(crate) fn install() {
    // It fails only where the system has no signals, or if it was set before.
    let _ = ctrlc::set_handler(|| {
        list().iter().for_each(clean);
        std::process::exit(INTERRUPTED);
    });
}

/// Best effort: the command is about to end, and nobody is left to be told.
fn clean(way: &UnderWay) {
    for _ in 0..ATTEMPTS {
        let _ = fs::remove_file(&way.partial);
        if !way.partial.exists() || fs::remove_dir_all(&way.partial).is_ok() {
            break;
        }
    }
    if !way.old.exists() {
        return;
    }
    if way.target.exists() {
        let _ = fs::remove_dir_all(&way.old);
    } else {
        let _ = fs::rename(&way.old, &way.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_gives_back_what_stood_there() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let [partial, old, target] =
            ["partial", "old", "target"].map(|name| place.path().join(name));
        fs::create_dir(&partial).expect("can be made");
        fs::create_dir(&old).expect("can be made");
        let guard = guard(&partial, &old, &target);
        clean(&guard.0);
        assert!(!partial.exists() && !old.exists() && target.exists());
        fs::create_dir(&old).expect("can be made");
        clean(&guard.0);
        assert!(!old.exists() && target.exists());
        drop(guard);
        assert!(list().iter().all(|way| way.partial != partial));
    }
}
