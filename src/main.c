#include <stdio.h>

int main(void)
{
	puts("fsops");
	return 0;
}
