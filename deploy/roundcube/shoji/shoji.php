<?php

/**
 * Shows the images of mail through the Shoji image proxy; the mail in the store stays as it came.
 *
 * HTML is rewritten when it is shown. Only what was rewritten is called safe: where the proxy does
 * not answer, `safe` is taken back, even if the reader had allowed remote images, and Roundcube
 * blocks them as it always does. The same holds in the editor, where a reply, a forward or a draft
 * would load what it quotes; what is sent, or saved, has the original URLs again.
 *
 * @license Apache-2.0
 */
class shoji extends rcube_plugin
{
    const MAX_NAMES = 5; // of trackers in one line; not tuned
    // A path of a signed URL: what must not leave the house while it cannot be undone.
    const OURS = '#https?://[^/"\'\s<>]+/(?:i|s)/[a-z0-9]{1,16}/[A-Za-z0-9_/-]{22,}#';

    // What config.inc.php.dist explains.
    const STANDARD = [
        'shoji_socket' => '/run/shoji/submit.sock',
        'shoji_timeout' => 10,
        'shoji_prefetched_since' => null,
        'shoji_otherwise' => 'hold',
        'shoji_spam_header' => 'X-Spam-Flag: YES',
    ];

    public $task = 'mail';

    private $rcmail;
    private $message;
    private $done = []; // what was rewritten, by hash: the line above comes before the text below
    private $allowed = []; // by message: the reader, or his settings, want the images
    private $parts = []; // that are quoted, by message and part: were they rewritten?
    private $not_undone = false;

    public function init()
    {
        require_once __DIR__ . '/shoji_client.php';
        $this->rcmail = rcmail::get_instance();
        $this->load_config();
        $this->add_texts('localization/');
        foreach (['storage_init', 'message_load', 'message_objects', 'message_part_before',
            'message_part_body', 'message_part_get', 'message_outgoing_body', 'message_before_send'] as $hook) {
            $this->add_hook($hook, [$this, $hook]);
        }
        if ($this->rcmail->action === 'get') {
            $this->rcmail->config->set('show_images', 0); // what is safe, message_part_get says
        } elseif ($this->rcmail->action === 'display-attachment') {
            unset($_GET['_safe']); // no hook is asked there
        }
    }

    /** The header of the spam filter is fetched with the others. */
    public function storage_init($args)
    {
        [$name] = explode(':', $this->setting('shoji_spam_header'));
        $args['fetch_headers'] = trim(($args['fetch_headers'] ?? '') . ' ' . strtoupper(trim($name)));
        return $args;
    }

    public function message_load($args)
    {
        $this->message = $args['object'];
        if ($this->rcmail->action === 'get') {
            $this->is_allowed($this->message, false);
            $this->message->is_safe = false;
        }
    }

    /** An HTML attachment that is opened; what cannot be rewritten is shown as text. */
    public function message_part_get($args)
    {
        if ($args['mimetype'] !== 'text/html' || !empty($args['download'])) {
            return $args;
        }
        $html = $this->message->get_part_body($args['id'], true);
        $done = is_string($html) ? $this->rewrite($html, $this->message) : null;
        if ($done) {
            $this->message->is_safe = true;
            // Roundcube converts it from the charset of the part once more: ASCII stays what it is.
            $args['body'] = mb_encode_numericentity($done['html'], [0x80, 0x10FFFF, 0, 0x1FFFFF], 'UTF-8');
        } else {
            $args['mimetype'] = 'text/plain';
        }
        return $args;
    }

    /** What is shown. */
    public function message_part_before($args)
    {
        if ($args['type'] === 'enriched' && empty($args['plain'])) {
            $args['body'] = rcube_enriched::to_html($args['body']);
            $args['type'] = 'html';
        }
        if ($args['type'] !== 'html') {
            return $args;
        }
        $done = $this->rewrite($args['body'], $this->message);
        $args['safe'] = $done !== null;
        if ($done) {
            $args['body'] = $done['html'];
        }
        return $args;
    }

    /** The lines above the message. */
    public function message_objects($args)
    {
        $trackers = [];
        $held = $failed = $text = false;
        foreach ($this->html_parts($args['message']) as $part) {
            $body = $args['message']->get_part_body($part->mime_id, true);
            $done = is_string($body) ? $this->rewrite($body, $args['message']) : null;
            $failed = $failed || !$done;
            $trackers = array_merge($trackers, $done['report']['trackers'] ?? []);
            $text = $text || !empty($done['report']['fallback']);
            $held = $held || ($done && $done['mode'] === 'hold' && $done['report']['images']['proxied'] > 0);
        }
        $trackers = array_filter($trackers, function ($tracker) {
            return in_array($tracker['action'] ?? '', ['blocked', 'removed']);
        });
        if ($trackers) {
            $args['content'][] = $this->line($this->names($trackers));
        }
        if ($held) {
            $args['content'][] = $this->line($this->gettext('held'), $this->button());
        }
        foreach (['failed' => $failed, 'text' => $text] as $label => $so) {
            if ($so) {
                $args['content'][] = $this->line($this->gettext($label));
            }
        }
        return $args;
    }

    /** What is quoted, forwarded or edited: the editor loads images like any page. */
    public function message_part_body($args)
    {
        [$message, $part] = [$args['object'], $args['part']];
        $quoted = array_column($this->html_parts($message), 'mime_id');
        if ($this->rcmail->action !== 'compose' || !in_array($part->mime_id, $quoted, true)) {
            return $args;
        }
        $id = spl_object_id($message) . '/' . $part->mime_id;
        if (!isset($this->parts[$id])) {
            $this->parts[$id] = $this->rewrite_part($message, $part);
        }
        $message->is_safe = $this->parts[$id]; // read when this part is washed, which comes next
        return $args;
    }

    /** What is sent, or saved as a draft. */
    public function message_outgoing_body($args)
    {
        if ($args['type'] !== 'html' || !preg_match(self::OURS, $args['body'])) {
            return $args;
        }
        $body = $this->client()->unrewrite($args['body']);
        if ($body === null) {
            $this->not_undone = true;
        } else {
            $args['body'] = $body;
        }
        return $args;
    }

    public function message_before_send($args)
    {
        if ($this->not_undone) {
            $args['abort'] = true;
            $args['result'] = false;
            $args['error'] = $this->gettext('not_sent');
        }
        return $args;
    }

    // ---- rewriting ----

    private function setting($name)
    {
        return $this->rcmail->config->get($name, self::STANDARD[$name]);
    }

    private function client()
    {
        return new shoji_client($this->setting('shoji_socket'), (float) $this->setting('shoji_timeout'));
    }

    /** ['html', 'report', 'mode'], or null when there is no answer, which is asked for once only. */
    private function rewrite($html, $message)
    {
        $how = $this->how($message);
        $id = sha1(implode('|', $how) . '|' . $html);
        if (!array_key_exists($id, $this->done)) {
            $done = $this->client()->rewrite($html, $how);
            $this->done[$id] = $done ? $done + ['mode' => $how['mode']] : null;
        }
        return $this->done[$id];
    }

    /** Puts the rewritten document in the place of a part that is not fetched yet. */
    private function rewrite_part($message, $part)
    {
        $body = $part->body;
        if ($body === null) {
            $this->rcmail->storage->set_folder($message->folder);
            $body = $this->rcmail->storage->get_message_part($message->uid, $part->mime_id, $part,
                null, null, true, 0, false);
        }
        if (!is_string($body)) {
            return false;
        }
        $charset = $message->headers ? $message->headers->charset : null;
        $html = rcube_message::format_part_body($body, $part, $charset);
        if ($part->ctype_secondary === 'enriched') {
            $html = rcube_enriched::to_html($html);
        }
        $done = $this->rewrite($html, $message);
        if ($done) {
            $part->body = $done['html'];
            $part->charset = RCUBE_CHARSET;
            $part->ctype_secondary = 'html';
        }
        return $done !== null;
    }

    /** Who reads it, when it came, and whether its images may be shown. */
    private function how($message)
    {
        $headers = $message->headers ?? null;
        $how = ['mode' => 'proxy', 'mailbox' => (string) $this->rcmail->get_user_email()];
        $came = strtotime($headers->internaldate ?? '') ?: 0;
        $since = $this->setting('shoji_prefetched_since');
        $spam = $this->is_spam($message, $headers);
        if (!$spam && $since && $came >= strtotime("$since UTC")) {
            return $how + ['delivered' => gmdate('Y-m-d', $came)];
        }
        if ($this->is_allowed($message, $spam)) {
            return $how + ['consent' => 1];
        }
        if (!$spam && $this->rcmail->action === 'compose') {
            // Quoted, so that it is sent on; in the editor it shows what is here, and fetches nothing.
            return $how + ['delivered' => gmdate('Y-m-d')];
        }
        if ($spam || $this->setting('shoji_otherwise') !== 'proxy') {
            $how['mode'] = 'hold';
        }
        return $how;
    }

    /** Spam needs a click, here and now: a setting or a known sender's address does not do. */
    private function is_allowed($message, $spam)
    {
        $id = spl_object_id($message);
        if (!isset($this->allowed[$id])) { // before we say ourselves what is safe
            $this->allowed[$id] = !empty($message->is_safe);
        }
        return !empty($_GET['_safe']) || ($this->allowed[$id] && !$spam);
    }

    private function is_spam($message, $headers)
    {
        $junk = $this->rcmail->config->get('junk_mbox');
        if ($junk && ($message->folder ?? null) === $junk) {
            return true;
        }
        [$name, $value] = explode(':', $this->setting('shoji_spam_header') . ':');
        $found = $name && $headers ? $headers->get(trim($name), false) : null;
        foreach ((array) $found as $one) {
            if (stripos(trim((string) $one), trim($value)) === 0) {
                return true;
            }
        }
        return false;
    }

    private function html_parts($message)
    {
        return array_filter((array) ($message->parts ?? []), function ($part) use ($message) {
            return $part->type === 'content' && in_array($part->mimetype, ['text/html', 'text/enriched'])
                && !empty($part->size) && !$message->is_attachment($part);
        });
    }

    // ---- what the reader sees of it ----

    /** By whom, not how often: a layout of the last century has fifty spacers of one host. */
    private function names(array $trackers)
    {
        $names = array_values(array_unique(array_map(function ($tracker) {
            return $tracker['vendor'] ?? $tracker['host'] ?? '?';
        }, $trackers)));
        $shown = implode(', ', array_slice($names, 0, self::MAX_NAMES));
        return $this->gettext([
            'name' => count($names) === 1 ? 'one_tracker' : 'trackers',
            'vars' => ['count' => count($names),
                'names' => $shown . (count($names) > self::MAX_NAMES ? ', …' : '')],
        ]);
    }

    private function line($text, $button = '')
    {
        return html::div(['class' => 'notice shoji'], html::span(null, rcube::Q($text)) . $button);
    }

    private function button()
    {
        return '&nbsp;' . html::span('boxbuttons', html::a([
            'href' => '#loadremote',
            // the command load-remote is enabled only where Roundcube itself has blocked something
            'onclick' => strtr('RC.show_message(RC.env.uid, true, RC.env.action == "preview"); return false',
                ['RC' => rcmail_output::JS_OBJECT_NAME]),
        ], rcube::Q($this->gettext('load'))));
    }
}
