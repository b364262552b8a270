/*
 * The command line: parses it, finds the command in the table, runs it, and
 * returns the exit status (product.md, "Exit status"). Does not exit.
 */
#ifndef FSOPS_CLI_H
#define FSOPS_CLI_H

int cli_main(int argc, char **argv);

#endif
