"""What a module is: where its parts are, how it is called, watched and addressed."""
