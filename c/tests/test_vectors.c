/* Holds the library against a file of test vectors, and says how many checks it made.

       test_vectors spec/vectors bits */

#include <string.h>

#include "readers.h"

static const struct {
    const char *name;
    vector_reader read, write;
} readers[] = {
    {"varint", read_varint, NULL},
    {"rows", read_rows, NULL},
    {"container", read_container, NULL},
    {"boxes", read_boxes, NULL},
    {"pictures", read_pictures, NULL},
    {"range_coder", read_range_coder, write_range_coder},
    {"factorized", read_factorized, NULL},
    {"bits", read_bits, NULL},
    {"hyperprior", read_hyperprior, NULL},
    {"dependent", read_dependent, NULL},
    {"cut_pictures", read_cut_pictures, NULL},
    {"cut_factorized", read_cut_factorized, NULL},
    {"cut_bits", read_cut_bits, NULL},
    {"cut_hyperprior", read_cut_hyperprior, NULL},
};

int main(int count, char **arguments)
{
    vector_reader read = NULL, write = NULL;
    unsigned read_count = 0, written = 0, refused = 0;
    vector_check check = {0};
    char path[1024];
    FILE *file;
    size_t k;

    for (k = 0; count == 3 && k < sizeof readers / sizeof *readers; ++k) {
        if (strcmp(readers[k].name, arguments[2]) == 0) {
            read = readers[k].read;
            write = readers[k].write;
        }
    }
    if (read == NULL)
        return 2;
    snprintf(path, sizeof path, "%s/%s.txt", arguments[1], arguments[2]);
    file = fopen(path, "r");
    while (file != NULL && next_check(file, path, &check)) {
        int both = strcmp(check.what, "both") == 0;
        tfcomp_status expected = TFCOMP_OK, status;

        if (strcmp(check.what, "refuse") == 0)
            expected = status_of(check.kind);
        if (both || strcmp(check.what, "read") == 0 || expected != TFCOMP_OK) {
            status = read(&check);
            if (strcmp(check.kind, "any") == 0 && status != TFCOMP_OK)
                expected = status;
            EXPECT(status == expected, "%s: %s", check.where, tfcomp_status_text(status));
            read_count += expected == TFCOMP_OK;
            refused += expected != TFCOMP_OK;
        }
        if (write != NULL && (both || strcmp(check.what, "write") == 0)) {
            status = write(&check);
            EXPECT(status == TFCOMP_OK, "%s: %s", check.where, tfcomp_status_text(status));
            ++written;
        }
    }
    if (file != NULL)
        fclose(file);
    free_check(&check);
    printf("%s: %u read, %u written, %u refused, %d failures\n", arguments[2], read_count, written,
           refused, failures);
    return read_count == 0 || failures != 0;
}
