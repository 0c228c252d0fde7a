"""`python -m neurothermo` is the command `neurothermo`."""

from neurothermo.cli import main

if __name__ == "__main__":
    main()
