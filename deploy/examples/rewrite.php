<?php

/**
 * What a webmail in PHP shows: HTML of a mail in, the HTML for the reader out. With php-curl; without,
 * deploy/roundcube/shoji/shoji_client.php does the same over a plain stream.
 *
 * usage: php rewrite.php SOCKET MAILBOX [DAY-OF-DELIVERY] < body.html
 * The day only where the images were handed over at delivery. An exception: show the text instead.
 */
function rewrite($socket, $html, array $how)
{
    $curl = curl_init('http://shoji/v1/rewrite?' . http_build_query($how));
    curl_setopt_array($curl, [
        CURLOPT_UNIX_SOCKET_PATH => $socket,
        CURLOPT_POSTFIELDS => "\xEF\xBB\xBF" . $html, // it is UTF-8, whatever charset it names
        CURLOPT_HTTPHEADER => ['Content-Type: text/html; charset=utf-8', 'Accept: application/json', 'Expect:'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_FAILONERROR => true,
        CURLOPT_TIMEOUT => 10,
    ]);
    $found = json_decode((string) curl_exec($curl), true);
    if (!isset($found['body_base64'], $found['report'])) {
        throw new RuntimeException('shojid: ' . (curl_error($curl) ?: 'no answer'));
    }
    return [base64_decode($found['body_base64']), $found['report']];
}

$how = array_filter(['mailbox' => $argv[2], 'delivered' => $argv[3] ?? null]);
[$shown, $report] = rewrite($argv[1], stream_get_contents(STDIN), $how);
echo $shown;
fwrite(STDERR, count($report['trackers']) . " trackers\n");
