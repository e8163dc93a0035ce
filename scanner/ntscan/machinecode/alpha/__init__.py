"""Alpha: the integer instructions that drivers are made of, EV4 to EV56."""
