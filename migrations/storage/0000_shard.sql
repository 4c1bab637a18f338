CREATE TABLE `claims` (
	`claim` text PRIMARY KEY NOT NULL,
	`object` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `events` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`object` integer NOT NULL,
	`type` integer NOT NULL,
	`transaction_id` text NOT NULL,
	`resource` text NOT NULL,
	`namespace` text NOT NULL,
	`name` text NOT NULL,
	`final_meta` text,
	`old_revision_at` integer,
	`old_meta` text,
	`old_text` text,
	`final_text` text
);
--> statement-breakpoint
CREATE TABLE `lookups` (
	`value` text NOT NULL,
	`object` integer NOT NULL,
	PRIMARY KEY(`value`, `object`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `objects` (
	`id` integer PRIMARY KEY NOT NULL,
	`resource` text NOT NULL,
	`namespace` text NOT NULL,
	`name` text NOT NULL,
	`revision` integer NOT NULL,
	`revision_at` integer NOT NULL,
	`meta` text NOT NULL,
	`text` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `objects_key` ON `objects` (`resource`,`namespace`,`name`);--> statement-breakpoint
CREATE TABLE `state` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) WITHOUT ROWID;
