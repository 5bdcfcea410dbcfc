import { describePrograms } from "./programs.js";

describePrograms("gcc");
