//! A work folder and the built command in it; one small question per helper.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder of its own for one test.
pub(crate) struct Work {
    folder: TempDir,
}

/// What a call left.
pub(crate) struct Answer {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Work {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Work { folder }
    }

    /// The folder with these files in it.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let work = Work::new();
        for (name, text) in files {
            work.write(name, text.as_bytes());
        }
        work
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, its folders included.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("can be made");
        fs::write(path, bytes).expect("can be written");
    }

    /// Reads a file.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.path().join(name)).expect("the file is there");
        String::from_utf8(bytes).expect("the file is UTF-8")
    }

    /// Whether something stands under a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    /// The command, run in the folder, no terminal, no colour.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::cargo_bin("livefire").expect("the binary is built");
        command.current_dir(self.path()).env_remove("NO_COLOR");
        command
    }

    /// Runs with arguments, split at spaces.
    pub(crate) fn run(&self, arguments: &str) -> Answer {
        answer(self.command().args(arguments.split_whitespace()))
    }

    /// Runs with arguments and standard input.
    pub(crate) fn run_with(&self, arguments: &str, input: &[u8]) -> Answer {
        let mut command = self.command();
        answer(
            command
                .args(arguments.split_whitespace())
                .write_stdin(input),
        )
    }
}

fn answer(command: &mut Command) -> Answer {
    let output: Output = command.output().expect("the command can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Answer {
        code: output.status.code().expect("the command was not killed"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl Answer {
    /// Asserts the exit code, showing what was said if it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.out, self.err
        );
        self
    }

    /// Asserts that standard error holds a text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no `{text}` in:\n{}", self.err);
        self
    }

    /// Asserts that standard output holds a text.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.out.contains(text), "no `{text}` in:\n{}", self.out);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).expect("standard output is one JSON document")
    }
}
