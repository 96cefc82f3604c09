/* Reads the tables of shipped bundles, and survives damaged ones. */

#include <stdlib.h>
#include <string.h>

#include "tfcomp/tables_file.h"
#include "vectors.h"

static void damage(uint8_t *npz, size_t length)
{
    tfcomp_tables *tables;
    size_t k, kept;

    for (k = 0; k < 400; ++k) {
        size_t at = (size_t)rand() % (k % 2 ? 512 : length);
        uint8_t old = npz[at];

        npz[at] ^= (uint8_t)(1 + rand() % 255);
        if (tfcomp_tables_read(npz, length, "latents", &tables) != TFCOMP_OK)
            EXPECT(tables == NULL, "byte %zu: nothing is left to free", at);
        tfcomp_tables_free(tables);
        npz[at] = old;
    }
    for (kept = 0; kept < 600; kept += 7) {
        uint8_t *copy = (uint8_t *)malloc(kept + 1); /* so that a read past the end is seen */

        memcpy(copy, npz, kept);
        EXPECT(tfcomp_tables_read(copy, kept, "latents", &tables) != TFCOMP_OK, "cut at %zu", kept);
        free(copy);
    }
}

int main(int count, char **arguments)
{
    int k;

    for (k = 1; k < count; ++k) {
        tfcomp_tables *tables;
        size_t length;
        uint8_t *npz = whole_file(arguments[k], &length);

        EXPECT(tfcomp_tables_read(npz, length, "latents", &tables) == TFCOMP_OK, "%s",
               arguments[k]);
        tfcomp_tables_free(tables);
        damage(npz, length);
        free(npz);
    }
    printf("%d files, %d failures\n", count - 1, failures);
    return count < 2 || failures != 0;
}
