#include "store/seal.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static void prove(const struct seal *seal, const void *text, size_t len, uint8_t ret[SEAL_PROOF])
{
    uint8_t hash[crypto_generichash_BYTES_MIN]; /* more than is kept of it */
    crypto_generichash_state state;
    crypto_generichash_init(&state, seal->secret->proof, sizeof(seal->secret->proof), sizeof(hash));
    crypto_generichash_update(&state, seal->id, sizeof(seal->id));
    crypto_generichash_update(&state, &seal->flags, 1);
    crypto_generichash_update(&state, text, len);
    crypto_generichash_final(&state, hash, sizeof(hash));
    memcpy(ret, hash, SEAL_PROOF);
}

static void cipher(const struct seal *seal, const uint8_t proof[SEAL_PROOF], const uint8_t *from,
                   size_t len, uint8_t *to)
{
    uint8_t nonce[crypto_stream_xchacha20_NONCEBYTES] = {0};
    memcpy(nonce, proof, SEAL_PROOF);
    memcpy(nonce + SEAL_PROOF, seal->id, sizeof(seal->id));
    crypto_stream_xchacha20_xor(to, from, len, nonce, seal->secret->waiting);
}

void seal_close(const struct seal *seal, const void *text, size_t len, uint8_t *ret)
{
    prove(seal, text, len, ret);
    cipher(seal, ret, text, len, ret + SEAL_PROOF);
}

int seal_open(const struct seal *seal, const uint8_t *sealed, size_t len, void *ret)
{
    uint8_t proof[SEAL_PROOF];
    if (len < SEAL_PROOF)
        return -EBADMSG;
    cipher(seal, sealed, sealed + SEAL_PROOF, len - SEAL_PROOF, ret);
    prove(seal, ret, len - SEAL_PROOF, proof);
    return sodium_memcmp(proof, sealed, SEAL_PROOF) == 0 ? 0 : -EBADMSG;
}
