CREATE TABLE `resynced` (
	`controller` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `work` (
	`controller` text NOT NULL,
	`key` text NOT NULL,
	`due` integer NOT NULL,
	`attempts` integer NOT NULL,
	PRIMARY KEY(`controller`, `key`)
);
--> statement-breakpoint
CREATE INDEX `work_due` ON `work` (`due`);