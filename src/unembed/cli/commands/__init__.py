"""One module a subject, which adds its commands to the application; a new file here is all that a new command needs."""
