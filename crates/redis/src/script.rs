//! Scripts and the keys they run on.

use redis::{Cmd, ToRedisArgs};

/// A script that Redis runs as a whole.
pub(crate) struct Script {
    code: String,
    hash: String,
}

impl Script {
    pub(crate) fn new(code: impl Into<String>) -> Self {
        let code = code.into();
        let hash = redis::Script::new(&code).get_hash().to_owned();
        Self { code, hash }
    }

    /// A call with these keys, which must share a hash tag. The first one decides which
    /// node of a cluster runs the script.
    pub(crate) fn on(&self, keys: impl IntoIterator<Item = String>) -> Call<'_> {
        Call {
            script: self,
            keys: keys.into_iter().collect(),
            arguments: Vec::new(),
        }
    }
}

/// A script with its keys and arguments.
pub(crate) struct Call<'a> {
    script: &'a Script,
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

impl Call<'_> {
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        argument.write_redis_args(&mut self.arguments);
        self
    }

    /// The command by the script's hash: the script itself is not sent.
    pub(crate) fn by_hash(&self) -> Cmd {
        self.command("EVALSHA", &self.script.hash)
    }

    /// The command that brings the script along, for a node that does not know it. `SCRIPT
    /// LOAD` would have to reach every node of a cluster, also one that is down.
    pub(crate) fn with_code(&self) -> Cmd {
        self.command("EVAL", &self.script.code)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command
            .arg(script)
            .arg(self.keys.len())
            .arg(&self.keys)
            .arg(&self.arguments);
        command
    }
}
