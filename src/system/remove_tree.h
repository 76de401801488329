/* Takes a directory away, with all that is in it, by descriptors: a name may be another's by then. */
#pragma once

/* What is in it, but for what is mounted there. */
void remove_tree_content(int dir_fd);
/* The directory itself, too: fd is open on it, and name is its name in the parent. */
void remove_tree(int parent_fd, int fd, const char *name);
