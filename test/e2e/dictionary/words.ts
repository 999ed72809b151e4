/** What somebody who looks for identifiers would try: names that people have, names that machines are given, numbers that count up. */

const FIRST = (
  "anna ben carla david emma felix greta hugo ida jonas karin leo maria nils olga paul quentin rosa simon tina udo vera walter xenia " +
  "yusuf zoe james mary robert patricia john jennifer michael linda william elizabeth richard barbara joseph susan thomas jessica carlos " +
  "sofia luis lucia ahmed fatima omar layla wei li chen ying hiroshi yuki kenji sakura raj priya amit anita ivan olena pavel irina pierre " +
  "claire jean amelie marco giulia luca chiara erik ingrid lars astrid kofi ama kwame abena sean niamh liam aoife diego camila mateo valentina"
).split(" ");
const LAST = (
  "smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson thomas taylor moore " +
  "jackson martin lee perez thompson white harris sanchez clark ramirez lewis robinson walker young allen king wright scott torres nguyen " +
  "hill flores green adams nelson baker hall rivera campbell mitchell carter roberts mueller schmidt schneider fischer weber meyer wagner " +
  "becker schulz hoffmann koch bauer richter klein wolf schroeder neumann schwarz zimmermann braun krueger hofmann hartmann lange werner " +
  "kowalski nowak wisniewski lewandowski ivanov petrov sidorov smirnov kuznetsov tanaka suzuki takahashi watanabe yamamoto kim park choi " +
  "jung wang zhang liu yang huang zhao singh kumar sharma patel gupta khan ali hassan hussein rossi russo ferrari bianchi dubois durand"
).split(" ");
const COMMANDS = (
  "bash sh zsh fish dash sleep cat grep sed awk find xargs tail head less more vim nano emacs code top htop ps kill ssh sshd scp rsync curl " +
  "wget git make gcc clang ld cmake ninja cargo rustc go java javac python python3 perl ruby node deno bun npm npx yarn postgres mysqld " +
  "redis-server mongod nginx apache2 httpd haproxy envoy dockerd containerd runc kubelet etcd consul vault systemd init cron crond rsyslogd " +
  "journald dbus-daemon udevd NetworkManager chrome chromium firefox slack zoom teams thunderbird gnome-shell Xorg pulseaudio pipewire " +
  "prometheus grafana-server node_exporter telegraf collectd fluentd logstash vector kafka zookeeper rabbitmq-server beam.smp qemu-kvm libvirtd"
).split(" ");

/** Linux gives no higher ones. */
export const MAX_PID = 4_194_304;

export function userNames(): string[] {
  return FIRST.flatMap((first) =>
    LAST.flatMap((last) => [
      `${first}.${last}`,
      `${first[0]}${last}`,
      `${last}.${first}`,
      `${first}_${last}`,
      `${first}${last}`,
      `${first}-${last}`,
      `${first}.${last}1`,
      `${first}.${last}99`,
      `adm-${first}.${last}`,
      `${last}_${first}`,
      `${last}-${first}`,
      `${first}.${last}@example.org`,
    ]),
  );
}

export function processNames(): string[] {
  const workers = COMMANDS.flatMap((name) => Array.from({ length: 40 }, (_, n) => `${name}-${n}`));
  return [...COMMANDS, ...workers, ...COMMANDS.map((name) => `${name}d`)];
}

/** All of a /16. */
export function addresses(): string[] {
  return Array.from({ length: 2 ** 16 }, (_, n) => `10.77.${n >>> 8}.${n & 255}`);
}

export function machineNames(): string[] {
  const counted = (count: number, name: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => name(n));
  return [
    ...counted(10_000, (n) => `vm-${String(n).padStart(4, "0")}`),
    ...counted(10_000, (n) => `i-0abc${n.toString(16).padStart(12, "0")}`),
    ...counted(1000, (n) => `worker-${n}.example.internal`),
  ];
}

/** Of programs that count where they should draw. */
export function requestIds(): string[] {
  return Array.from(
    { length: 20_000 },
    (_, n) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`,
  );
}
