/* Remove a directory and its content by descriptors: another directory may have its name by then */
#pragma once

/* Removes the content of a directory except mounts. */
void remove_tree_content(int dir_fd);
/* Also removes the directory: fd is open on it, and name is its name in the parent. */
void remove_tree(int parent_fd, int fd, const char *name);
