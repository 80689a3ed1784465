<?php

/**
 * Speaks to the submit socket of shojid: HTTP/1.0, one request a connection, so that an answer ends
 * where the connection does. Every method returns null when there is no whole and good answer in
 * time; the caller then shows what he would show without us.
 */
class shoji_client
{
    const MAX_ANSWER = 256 * 1024 * 1024; // a message of 50 MiB, grown, in base64

    private $socket;
    private $timeout_s;

    public function __construct($socket, $timeout_s)
    {
        $this->socket = $socket;
        $this->timeout_s = $timeout_s;
    }

    /** ['html' => string, 'report' => array] for a document in UTF-8; or null. */
    public function rewrite($html, array $how)
    {
        // A byte order mark goes before what the document says of its charset, which is not true
        // any more.
        $answer = $this->post('/v1/rewrite?' . http_build_query($how), "\xEF\xBB\xBF" . $html);
        $json = $answer === null ? null : json_decode($answer, true);
        $body = base64_decode($json['body_base64'] ?? '', true);
        if (!is_array($json['report'] ?? null) || !is_string($body) || ($body === '' && $html !== '')) {
            return null;
        }
        return ['html' => $body, 'report' => $json['report']];
    }

    /** The document with the original URLs; or null. */
    public function unrewrite($html)
    {
        return $this->post('/v1/unrewrite', $html);
    }

    private function post($target, $body)
    {
        $end = microtime(true) + $this->timeout_s;
        $stream = @stream_socket_client('unix://' . $this->socket, $code, $message, $this->timeout_s);
        if (!$stream) {
            return null;
        }
        stream_set_blocking($stream, false);
        $request = "POST $target HTTP/1.0\r\nHost: shoji\r\nContent-Type: text/html; charset=utf-8\r\n"
            . "Accept: application/json\r\nContent-Length: " . strlen($body) . "\r\n\r\n" . $body;
        $answer = $this->send($stream, $request, $end) ? $this->receive($stream, $end) : null;
        fclose($stream);
        return $answer;
    }

    private function send($stream, $request, $end)
    {
        for ($sent = 0; $sent < strlen($request); $sent += $n) {
            if (!$this->wait(null, [$stream], $end)) {
                return false;
            }
            $n = @fwrite($stream, substr($request, $sent, 65536));
            if (!$n) {
                return false;
            }
        }
        return true;
    }

    private function receive($stream, $end)
    {
        $answer = '';
        while (!feof($stream) && strlen($answer) <= self::MAX_ANSWER) {
            if (!$this->wait([$stream], null, $end)) {
                return null;
            }
            $answer .= fread($stream, 65536);
        }
        [$head, $body] = explode("\r\n\r\n", $answer, 2) + [1 => ''];
        $whole = preg_match('/^Content-Length: *(\d+)/mi', $head, $found) && strlen($body) == $found[1];
        return $whole && preg_match('#^HTTP/1\.[01] 200 #', $head) ? $body : null;
    }

    private function wait($read, $write, $end)
    {
        $left_us = (int) (($end - microtime(true)) * 1e6);
        $except = null;
        return $left_us > 0
            && @stream_select($read, $write, $except, intdiv($left_us, 1000000), $left_us % 1000000) > 0;
    }
}
