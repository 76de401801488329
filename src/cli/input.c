/* Let each of several runs read a file on standard input from the same position */
#include "cli/input.h"

#include <sys/stat.h>
#include <unistd.h>

off_t input_position(void)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return lseek(STDIN_FILENO, 0, SEEK_CUR);
}

void input_rewind(off_t position)
{
	if (position >= 0)
		lseek(STDIN_FILENO, position, SEEK_SET);
}
