//! Runs the commands that print pins, beside the loop.

use super::Shell;
use super::note::Note;
use crate::config::Program;
use crate::core::PinRead;

impl Shell {
    /// Answers with `PinsRead`. Whether there is such a command.
    pub(super) fn ask_command(&mut self, instance: &str) -> bool {
        let environment = self.options.environment.clone();
        let commands = self.common.commands.clone();
        let Some(runtime) = self.runtimes.get_mut(instance) else {
            return false;
        };
        let Some(program) = runtime.pin_command().cloned() else {
            return false;
        };
        if let Some((running, task)) = &runtime.asking {
            if *running == program {
                // Its answer is on the way.
                return true;
            }
            task.abort();
        }
        let (notes, born, name) = (self.notes.0.clone(), runtime.born, instance.to_owned());
        let asked = program.clone();
        let task = tokio::spawn(async move {
            let read = commands.ask(&asked, &environment).await;
            let _ = notes.send(Note::Printed {
                instance: name,
                born,
                program: asked,
                read,
            });
        });
        runtime.asking = Some((program, task.abort_handle()));
        true
    }

    pub(super) fn printed(&mut self, instance: &str, born: u64, program: &Program, read: PinRead) {
        let Some(runtime) = self.born(instance, born) else {
            return;
        };
        // One that was given up may have ended just then.
        if runtime
            .asking
            .as_ref()
            .is_none_or(|(asked, _)| asked != program)
        {
            return;
        }
        runtime.asking = None;
        if runtime.pin_command() == Some(program) {
            self.queue_read(instance, read, None);
        }
    }
}
