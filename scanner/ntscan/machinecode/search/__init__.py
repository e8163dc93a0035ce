"""The search for inputs with which a function allocates an IRP and sends it, nothing forced."""
