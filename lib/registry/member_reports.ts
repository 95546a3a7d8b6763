/**
 * Handles the reports that the members of a channel send, and the commands that the members get.
 *
 * @module
 */

import type { ReporterCommand } from "../reporter/reporter_command.ts";
import type { Report } from "../task/protocol.ts";
import type { Reporter } from "./registry_types.ts";
import { ReportIntake } from "./report_intake.ts";
import type { TaskRegistry } from "./task_registry.ts";

/** Sends a member a command about one of its tasks. */
export type TellMember = (memberId: string, command: ReporterCommand) => void;

/** Takes the reports of the members of a channel. */
export interface MemberReports {
  /** Sends a command to a member; set by the server of the channel. */
  tell: TellMember;
  /** Takes a report. */
  take(memberId: string, report: Report): void;
  /** Settles when all reports so far are committed, or if they can't be committed at present. */
  committed(): Promise<void>;
  /** Notes that a member has disconnected or timed out; the member may reconnect. */
  gone(memberId: string): void;
  /** Notes that a member has connected; if it is back, tells it the commands that it has missed. */
  back(memberId: string): void;
}

/** Applies the reports of members to a registry. */
export class RegistryReports implements MemberReports {
  tell: TellMember = () => {};
  readonly #registry: TaskRegistry;
  readonly #intakes: Map<string, ReportIntake> = new Map();

  /** @param registry the registry to apply reports to */
  constructor(registry: TaskRegistry) {
    this.#registry = registry;
  }

  take(memberId: string, report: Report): void {
    const command = this.#intakeOf(memberId).take(report);
    if (command !== null) this.tell(memberId, command);
  }

  committed(): Promise<void> {
    return this.#registry.committed();
  }

  gone(memberId: string): void {
    this.#intakes.delete(memberId);
    this.#registry.reporterLost(memberId);
  }

  back(memberId: string): void {
    this.#registry.reporterConnected(this.#reporterOf(memberId));
  }

  #intakeOf(memberId: string): ReportIntake {
    let intake = this.#intakes.get(memberId);
    if (intake === undefined) {
      intake = new ReportIntake(this.#registry, this.#reporterOf(memberId));
      this.#intakes.set(memberId, intake);
    }
    return intake;
  }

  #reporterOf(memberId: string): Reporter {
    return {
      id: memberId,
      cancelRequested: (client, id) => this.tell(memberId, { type: "cancel", client, id }),
      interrupted: (client, id) => this.tell(memberId, { type: "interrupt", client, id }),
    };
  }
}
