#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned long sound_inputs = 0;

uint32_t take_u8(input *in)
{
    if (in->left == 0)
        return 0;
    --in->left;
    return *in->at++;
}

uint32_t take_u16(input *in)
{
    uint32_t low = take_u8(in);

    return low | take_u8(in) << 8;
}

uint32_t take_u32(input *in)
{
    uint32_t low = take_u16(in);

    return low | take_u16(in) << 16;
}

uint32_t take_between(input *in, uint32_t low, uint32_t high)
{
    return low + take_u8(in) % (high - low + 1);
}

uint32_t take_hostile(input *in)
{
    uint32_t kind = take_u8(in);

    return kind < 200 ? kind % 17 : kind < 230 ? take_u16(in) : take_u32(in);
}

uint8_t *take_bytes(input *in, size_t *length)
{
    uint8_t *bytes;

    *length = *length < in->left ? *length : in->left;
    bytes = (uint8_t *)room_for(*length, 1);
    if (*length > 0)
        memcpy(bytes, in->at, *length);
    in->at += *length;
    in->left -= *length;
    return bytes;
}

void *room_for(size_t n, size_t size)
{
    void *room = malloc(n * size > 0 ? n * size : 1);

    must(room != NULL, "there is memory");
    return room;
}

void must(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}
