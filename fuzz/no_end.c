#include "input.h"

void end_of_inputs(void)
{
}
