<?php
// Roundcube's washtml on every document of a corpus, as its message view calls it with remote images
// allowed; the protocol is that of rewrite_loop.c. usage: washtml.php ROUNDCUBE CORPUS
[, $folder, $path] = $argv;
define('RCUBE_CHARSET', 'UTF-8');
error_reporting(E_ERROR);
set_include_path("$folder/program/lib" . PATH_SEPARATOR . '/usr/share/php');
spl_autoload_register(function ($class) use ($folder) {
    $name = str_replace('\\', '/', $class) . '.php';
    foreach (["$folder/program/lib/Roundcube/$name", "/usr/share/php/$name"] as $file) {
        if (is_file($file)) {
            require $file;
            return;
        }
    }
});

function documents($bytes)
{
    $list = [];
    for ($at = 0; $at < strlen($bytes);) {
        $end = strpos($bytes, "\n", $at);
        $length = (int) substr($bytes, $at, $end - $at);
        $list[] = substr($bytes, $end + 1, $length);
        $at = $end + 1 + $length;
    }
    return $list;
}

function cpu_ns()
{
    $used = getrusage();
    return ($used['ru_utime.tv_sec'] + $used['ru_stime.tv_sec']) * 1000000000
        + ($used['ru_utime.tv_usec'] + $used['ru_stime.tv_usec']) * 1000;
}

function wash($html)
{
    $washer = new rcube_washtml([
        'allow_remote' => true,
        'charset' => RCUBE_CHARSET,
        'html_elements' => ['html', 'head', 'title', 'body', 'link'],
        'html_attribs' => ['rel', 'type'],
        'cid_map' => [],
    ]);
    return $washer->wash($html);
}

$list = documents(file_get_contents($path));
while (($line = fgets(STDIN)) !== false) {
    $start = cpu_ns();
    $passes = 0;
    do {
        $out_bytes = 0;
        foreach ($list as $html) {
            $out_bytes += strlen(wash($html));
        }
        $spent = cpu_ns() - $start;
        $passes++;
    } while ($spent < (int) $line * 1000000);
    echo json_encode(['passes' => $passes, 'cpu_ns' => $spent, 'out_bytes' => $out_bytes]), "\n";
    flush();
}
