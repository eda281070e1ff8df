//! A server as a container runs it: which image, and what in it.
//!
//! A manifest names an image by `docker_image`, or by a `docker run` command, as many do; a command of Node's or Python's runs in
//! Keyferry's base image. Of a `docker run` only the image, its arguments and variables are taken, and folders to be shown, which
//! whoever starts it must hold against what the person named. What would widen the container is refused, never dropped.

mod docker_run;

#[cfg(test)]
mod tests;

use super::{
    LaunchError, LaunchText, Surroundings,
    display::{quoted, variables_and_words},
    model::Local,
    settings::Settings,
    template::Template,
};
use docker_run::DockerRun;

/// The commands that the base image has.
const IN_BASE: [&str; 7] = ["npx", "npm", "node", "uvx", "uv", "python", "python3"];

/// The command that means the very program that runs.
const OURSELVES: &str = "keyferry";

/// What a container runs, to the letter.
#[derive(Debug, Clone)]
pub struct Contained {
    /// What it is made from.
    pub image: Image,
    /// The program in it; without one, the image's own.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Vec<LaunchText>,
    /// Its variables, each name once.
    pub env: Vec<(String, LaunchText)>,
    /// Folders and files of the machine that the manifest's `docker run` asks for.
    pub shown: Vec<AskedMount>,
}

/// What a container is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// An image of a registry, by its name.
    Named(String),
    /// Keyferry's base image, with Node and Python.
    Base,
    /// Nothing but Keyferry's own program.
    ThisProgram,
}

/// A folder or file that a manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedMount {
    /// On the machine.
    pub source: String,
    /// In the container.
    pub target: String,
    /// Whether the server may change it.
    pub writable: bool,
}

impl Local {
    /// Whether a container can run it, as far as the manifest alone tells.
    #[must_use]
    pub fn is_containable(&self) -> bool {
        let command = self.command.as_ref().map(Template::as_str);
        self.docker_image.is_some()
            || command.is_some_and(|command| {
                command == OURSELVES || IN_BASE.contains(&command) || docker_run::is_engine(command)
            })
    }

    /// Whether it is Keyferry's own program.
    #[must_use]
    pub fn is_this_program(&self) -> bool {
        self.docker_image.is_none()
            && self.command.as_ref().is_some_and(|command| command.as_str() == OURSELVES)
    }

    /// Fills the templates for a container and these settings, as [`Local::launch`] does for a process.
    ///
    /// # Errors
    /// [`LaunchError`]; [`LaunchError::NotContainable`] where the command is one of this machine's, [`LaunchError::DockerOption`]
    /// where the manifest's `docker run` asks for more than a container of ours gets.
    pub fn contained(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Contained, LaunchError> {
        if self.command.is_none() {
            let image = self.docker_image.clone().ok_or(LaunchError::OnlyImage)?;
            let (args, env) = self.arguments(settings, surroundings)?;
            return Ok(Contained { image: Image::Named(image), command: None, args, env, shown: Vec::new() });
        }
        let spec = self.launch(settings, surroundings)?;
        if docker_run::is_engine(&spec.command) {
            let run = DockerRun::read(&spec.args, spec.env)?;
            let image = self.docker_image.clone().unwrap_or(run.image);
            return Ok(Contained {
                image: Image::Named(image),
                command: None,
                args: run.args,
                env: run.env,
                shown: run.mounts,
            });
        }
        let image = match &self.docker_image {
            Some(image) => Image::Named(image.clone()),
            None if spec.command == OURSELVES => Image::ThisProgram,
            None if IN_BASE.contains(&spec.command.as_str()) => Image::Base,
            None => return Err(LaunchError::NotContainable { command: spec.command }),
        };
        let (command, args, env) = (Some(spec.command), spec.args, spec.env);
        Ok(Contained { image, command, args, env, shown: Vec::new() })
    }
}

/// What a container will run, in one line: `A=1 npx -y some-server, in a container of Keyferry's base image`. As
/// [`display_command`](super::display_command), it hides nothing but secrets.
#[must_use]
pub fn display_contained(contained: &Contained) -> String {
    let command = contained.command.as_deref();
    let words = variables_and_words(&contained.env, command, &contained.args);
    let image = match &contained.image {
        Image::Named(name) => format!("in a container of {}", quoted(name)),
        Image::Base => "in a container of Keyferry's base image".to_owned(),
        Image::ThisProgram => "in a container that holds nothing else".to_owned(),
    };
    if contained.command.is_some() {
        return format!("{words}, {image}");
    }
    let own = "the image's own program";
    if words.is_empty() { format!("{own}, {image}") } else { format!("{own} with {words}, {image}") }
}
